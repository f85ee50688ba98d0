// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/seeds.c: the tutorials' examples on /dev/hello0, with the commands and calls
 * of the tutorials.
 */
#include "harness.h"

#define TUTORIAL_DEV	"/dev/hello0"

static char out[8192];

/* The output of a shell command, and its exit status */
static const char *run(const char *command, int *status)
{
	FILE *p = popen(command, "r");
	size_t n = fread(out, 1, sizeof(out) - 1, p);

	out[n] = '\0';
	*status = pclose(p);
	return out;
}

static int open_tutorial(int flags)
{
	int fd = open(TUTORIAL_DEV, flags);

	ASSERT(report(fd >= 0, "open(" TUTORIAL_DEV "): %s", strerrorname_np(errno)));
	return fd;
}

TEST(S1_two_opens_in_one_process_do_not_share_but_dup_does)
{
	int a = open_tutorial(O_RDWR), b = open_tutorial(O_RDWR), c = dup(a);

	EXPECT_EQ(write(a, "private", 7), 7);
	EXPECT_EQ(pread(b, out, 7, 0), 0);
	EXPECT_EQ(pread(c, out, 7, 0), 7);
	EXPECT_MEM(out, "private", 7);
}

TEST(S2_private_tee_then_cat_prints_nothing)
{
	int status;

	EXPECT_STR(run("echo Hello World | tee " TUTORIAL_DEV, &status), "Hello World\n");
	EXPECT_EQ(status, 0);
	EXPECT_STR(run("cat " TUTORIAL_DEV, &status), "");
	EXPECT_EQ(status, 0);
}

TEST(S2_poison_makes_the_second_open_print_safe_garbage)
{
	int status;

	SET("init_mode", "poison");
	run("echo Hello World | tee " TUTORIAL_DEV " > /dev/null; cat " TUTORIAL_DEV, &status);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(strlen(out), 4096);
	EXPECT_EQ(strspn(out, "Z"), 4096);
}

/* The tutorial's test.c, line by line */
TEST(S3_one_process_writes_12_bytes_and_reads_64_gets_12)
{
	char text[64] = "";
	int fd = open_tutorial(O_RDWR);

	EXPECT_EQ(write(fd, "Hello World\n", 12), 12);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(read(fd, text, sizeof(text)), 12);
	EXPECT_STR(text, "Hello World\n");
}

TEST(S4_shared_tee_then_cat_prints_hello_world)
{
	int status;

	SET("buffer_mode", "shared");
	EXPECT_STR(run("echo Hello World | tee " TUTORIAL_DEV, &status), "Hello World\n");
	EXPECT_STR(run("cat " TUTORIAL_DEV, &status), "Hello World\n");
	EXPECT_EQ(status, 0);
}

TEST(S5_init_mode_chooses_zeroed_or_filled_memory)
{
	static char zeros[4000];
	int fd = open_tutorial(O_RDWR);

	EXPECT_EQ(read(fd, out, 4096), 0);
	EXPECT_EQ(pwrite(fd, "x", 1, 4000), 1);
	EXPECT_EQ(pread(fd, out, 4096, 0), 4001);
	EXPECT_MEM(out, zeros, 4000);
	close(fd);

	SET("init_mode", "poison");
	fd = open_tutorial(O_RDWR);
	EXPECT_EQ(read(fd, out, sizeof(out)), 4096);
	EXPECT_EQ(strspn(out, "Z"), 4096);
	EXPECT_EQ(read(fd, out, sizeof(out)), 0);
}

TEST(S23_a_32_byte_buffer_takes_32_bytes_and_gives_them_back)
{
	static const char greeting[] = "Hello from user space, a greeting that is too long";
	int fd, status;

	SET("buffer_size", "32");
	fd = open_tutorial(O_RDWR);
	EXPECT_EQ(write(fd, greeting, sizeof(greeting)), 32);
	EXPECT_ERRNO(write(fd, greeting, 1), ENOSPC);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(read(fd, out, 100), 32);
	EXPECT_MEM(out, greeting, 32);
	EXPECT_EQ(read(fd, out, 100), 0);

	SET("buffer_mode", "shared");	/* and cat ends */
	run("printf 'fits easily' > " TUTORIAL_DEV, &status);
	EXPECT_EQ(status, 0);
	EXPECT_STR(run("timeout 20 cat " TUTORIAL_DEV, &status), "fits easily");
	EXPECT_EQ(status, 0);
}
