# SPDX-License-Identifier: GPL-2.0-only
# Makefile: builds the module and the tool, installs them, boots and tests them.
# Each target calls one program that does the work; `make help` lists them.

MAKEFLAGS += --no-print-directory

ifneq ($(abspath $(lastword $(MAKEFILE_LIST))),$(CURDIR)/Makefile)
$(error Makefile works in its own directory: make -C DIRECTORY)
endif
paths	:= DESTDIR prefix KVER JOBS
include tools/paths.mk

# The kernel to build for: the running one, or else the newest one with headers.
newest	= $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -n 1)
kdir	= $(or $(wildcard /lib/modules/$(shell uname -r)/build),$(newest))
KVER	?= $(notdir $(patsubst %/build,%,$(kdir)))
# The kernel that guests boot: KVER, if given, or else the newest one with headers.
# Expanded late, because `make setup` may install that kernel.
given	:= $(if $(filter command environment,$(firstword $(origin KVER))),$(KVER))
vm_kver	= $(shell KVER='$(given)' tests/vm/run --which)

# A kernel for `make check` that is not installed here: your own one, as VMLINUZ and
# KDIR, or one that check-kernels unpacked.
foreign	:= $(if $(VMLINUZ),'$(VMLINUZ)$(KDIR:%=:%)',$(if $(given),$(if $(wildcard /lib/modules/$(given)/build),,'$(given)')))

prefix	?= /usr/local
JOBS	?= $(shell nproc)
to	= $(DESTDIR)$(prefix)
stage	= $(CURDIR)/build/stage
uapi	= driver/include/uapi/linux/hello.h

# Installs the packages and stages the guest's files; prints the log only on failure.
define set_up
	tests/setup $(1)
	@mkdir -p build
	$(MAKE) --silent stage >build/stage.log 2>&1 || { cat build/stage.log; exit 1; }
endef

all: module tool	## build driver/hello.ko and tools/helloctl (20 s)

help:	## print this list
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ { printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@echo 'demo and the tests need Debian 12 or newer; make, install and dkms-install any Linux.'
	@echo 'The second demo or check is faster than the first, which installs packages.'

# Using it

module:	## build driver/hello.ko for the kernel KVER (15 s)
	@[ -n '$(KVER)' ] || { echo 'No kernel headers: run `make setup` as root.' >&2; exit 1; }
	$(MAKE) -C '/lib/modules/$(KVER)/build' M='$(CURDIR)' modules

tool:	## build tools/helloctl and its man pages (5 s)
	$(MAKE) -C tools all

install:	## install the tool, man pages, header, udev rule and group; DESTDIR, prefix (1 s)
	tools/place install 644 udev/hello.sysusers '$(to)/lib/sysusers.d/hello.conf'
# Create the group first: udevd resolves an unknown group to root and caches that.
ifeq ($(DESTDIR),)
	if [ "$$(id -u)" != 0 ]; then echo 'not root: the group hello is not created'; \
		elif command -v systemd-sysusers; then systemd-sysusers '$(to)/lib/sysusers.d/hello.conf'; \
		else groupadd --system --force hello; fi
endif
	tools/place install 644 udev/60-hello.rules '$(to)/lib/udev/rules.d/60-hello.rules'
	tools/place install 644 udev/hello.modprobe '$(to)/lib/modprobe.d/hello.conf'
	tools/place install 644 $(uapi) '$(to)/include/linux/hello.h'
	$(MAKE) -C tools install

deb:	## build the Debian packages hello-dkms and helloctl into build/deb (1 min)
	tests/packages/build build/deb

uninstall:	## remove what install installed, but not the group (1 s)
	tools/place remove '$(to)/lib/sysusers.d/hello.conf' '$(to)/lib/modprobe.d/hello.conf' \
		'$(to)/lib/udev/rules.d/60-hello.rules' '$(to)/include/linux/hello.h'
	$(MAKE) -C tools uninstall

dkms-source:	## copy the sources for DKMS to /usr/src; DESTDIR (1 s)
	tools/dkms source

dkms-install:	## build and install the module by DKMS for KVER; replaces other versions (15 s)
	tools/dkms install '$(KVER)'

dkms-uninstall:	## remove every version of the module from DKMS and /usr/src (5 s)
	tools/dkms uninstall

# Trying it: a real kernel in QEMU; the running kernel stays as it is

setup:	## install the packages for building and testing by apt (2 min)
	tests/setup

stage:	## stage the guest's files in build/stage: install and dkms-install (20 s)
	rm -rf build/stage
	$(MAKE) install DESTDIR='$(stage)' prefix=/usr
	$(MAKE) dkms-install DESTDIR='$(stage)' KVER='$(vm_kver)'
	tests/vm/modtree build/stage '$(vm_kver)'
	$(MAKE) -C tests lessons stage='$(stage)'

demo:	## set up, then show the device's main features in a guest (1 min)
	$(call set_up,demo)
	@tests/vm/run --name demo -- tests/vm/demo

shell:	## start a root shell in a guest with the module loaded; KERNEL=debug, APPEND; `exit` ends it
	@KVER='$(vm_kver)' KERNEL='$(KERNEL)' APPEND='$(APPEND)' tests/vm/shell

exercise:	## check your solution of an exercise of the course in a guest; N (1 min)
	$(call set_up)
	@Documentation/exercises/run '$(N)'

grade:	## grade a driver of your own in a guest: SOURCE or MODULE, NODE; KERNEL, APPEND (2 min)
	@tests/setup demo
	@tests/grade/run $(foreach name,SOURCE MODULE NODE KERNEL APPEND,$(if $(value $(name)),$(call quote,$(name)=$(value $(name)))))

# Testing it

check:	## set up, lint and run the tests that a change must pass; KVER, VMLINUZ, KDIR (20 min)
ifneq ($(foreign),)
	$(MAKE) check-kernels KERNELS="$(foreign)"
else
	$(call set_up)
	$(MAKE) --silent -C tests
	prove -j$(JOBS) $(addprefix tests/vm/,stock.t poison.t examples.t pressure.t) tests/host/
endif

lint:	## run compilers, sparse, checkpatch, shellcheck and more; silent when clean (1 min)
	tests/lint/run

docs:	## build the site in build/docs; run all examples and exercises in guests (10 min)
	$(call set_up)
	prove -j$(JOBS) tests/host/docs.t tests/vm/examples.t tests/vm/lessons.t tests/vm/exercises.t

check-debug:	## run all tests on a kernel with KASAN, lockdep, kmemleak; SUITE (20 min, first time 30)
	tests/kernels/check-debug

check-kcsan:	## run the tests that race on a kernel with KCSAN, which finds data races (15 min, first time 25)
	tests/kernels/check-kcsan

check-kernels:	## build for, boot and test every kernel in kernels.list, or KERNELS; JOBS (2 h)
	tests/setup kernels
	JOBS='$(JOBS)' tests/kernels/check-kernels $(KERNELS)

check-hammer:	## run the tests that race, five times over, on parallel CPUs (5 min)
	$(call set_up,hammer)
	$(MAKE) --silent -C tests
	prove tests/hammer/run

check-long:	## many opens and reloads, a day of the guest's time, hotplug and pressure (20 min)
	$(call set_up)
	prove tests/long/busy tests/long/day

fuzz:	## run random sequences of calls against a model for TIME (60, 10m); SEED, KERNEL (3 min)
	tests/setup
	TIME='$(TIME)' SEED='$(SEED)' KERNEL='$(KERNEL)' tests/fuzz/run

check-grade:	## grade the drivers of tests/grade, each with one mistake; JOBS (30 min)
	tests/setup check
	prove -j$(JOBS) --exec tests/grade/check tests/grade/drivers/*/*.c

check-mutants:	## plant bugs; a test must catch each; MUTANTS (1 h)
	tests/setup debug
	tests/mutants/run $(MUTANTS)

check-all:	## run every lane, one after the other, and print a table; goes on where it stopped (5 h)
	tests/check-all

bench:	## count instructions against peer devices in a guest; check the limits (2 min)
	tests/bench/run

atlas:	## count what each allocator costs on all amd64 kernels, or KERNELS, into build/atlas (20 min)
	tests/setup kernels
	tests/atlas/run $(KERNELS)

check-packages:	## test the Debian packages in bare roots of Debian 12, 13 and sid (20 min)
	tests/packages/run

clean:	## remove everything that was built
	rm -rf --one-file-system build
	$(MAKE) -C tools clean
# Not by kbuild: it also removes your own files that match its patterns.
	cd driver && rm -f hello.ko hello.mod hello.mod.c *.o *.gcno *.gcda .*.cmd modules.order
	rm -f Module.symvers modules.order .module-common.o .*.cmd

.PHONY: all help module tool install uninstall dkms-source dkms-install dkms-uninstall \
	setup stage demo shell exercise grade check lint docs check-debug check-kcsan check-kernels check-hammer \
	check-long check-grade check-mutants check-packages check-all fuzz bench atlas deb clean
