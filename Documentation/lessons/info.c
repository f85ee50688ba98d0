// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documentation/lessons/info.c: opens /dev/hello, sets the recipe in its
 * argument, and prints the driver's information about the buffer.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/hello.h>

int main(int argc, char **argv)
{
	struct hello_recipe_request request = { .size = sizeof(request) };
	struct hello_info info = { .size = sizeof(info) };
	int fd = open("/dev/hello", O_RDWR);

	if (fd < 0)
		err(1, "/dev/hello");
	if (argc > 1) {
		snprintf(request.recipe, sizeof(request.recipe), "%s", argv[1]);
		if (ioctl(fd, HELLO_IOC_RECIPE, &request))
			err(1, "HELLO_IOC_RECIPE");
	}
	if (ioctl(fd, HELLO_IOC_INFO, &info))
		err(1, "HELLO_IOC_INFO");

	printf("%s\n", info.recipe);
	printf("capacity %llu, length %llu, node %d, %s contiguous, %s mappable\n",
	       info.capacity, info.length, info.node,
	       info.flags & HELLO_INFO_CONTIGUOUS ? "is" : "is not",
	       info.flags & HELLO_INFO_MAPPABLE ? "is" : "is not");
	return 0;
}
