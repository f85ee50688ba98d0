// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/descriptors.c: the harness keeps descriptors 0 to 2 from tests;
 * tests/guest/helloctl.t runs this with all three closed.
 */
#include "harness.h"

TEST(the_device_is_no_standard_descriptor_where_diagnostics_would_become_its_contents)
{
	EXPECT(open_hello(O_RDONLY) > STDERR_FILENO);
}
