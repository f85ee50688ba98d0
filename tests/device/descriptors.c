// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/descriptors.c: which descriptors the harness leaves to a test;
 * tests/guest/helloctl.t runs this with the standard ones closed.
 */
#include "harness.h"

TEST(the_device_is_no_standard_descriptor_where_diagnostics_would_become_its_contents)
{
	EXPECT(open_hello(O_RDONLY) > STDERR_FILENO);
}
