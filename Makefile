# SPDX-License-Identifier: GPL-2.0-only
# Makefile: builds the module and the tool, installs them, boots and tests them.
# Each target calls one program that does the work; `make help` lists them.

MAKEFLAGS += --no-print-directory

ifneq ($(abspath $(lastword $(MAKEFILE_LIST))),$(CURDIR)/Makefile)
$(error Makefile works in its own directory: make -C DIRECTORY)
endif
paths	:= DESTDIR prefix KVER JOBS
include tools/paths.mk

# The kernel to build for: the running one, else the newest that has headers.
newest	= $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -n 1)
kdir	= $(or $(wildcard /lib/modules/$(shell uname -r)/build),$(newest))
KVER	?= $(notdir $(patsubst %/build,%,$(kdir)))
# The kernel that guests boot: KVER, if it was given, else the newest that has
# headers; asked late, `make setup` may have installed it.
given	:= $(if $(filter command environment,$(firstword $(origin KVER))),$(KVER))
vm_kver	= $(shell KVER='$(given)' tests/vm/run --which)

# What `make check` boots that is not installed here: a kernel of your own, VMLINUZ
# and KDIR, or one that check-kernels unpacked.
foreign	:= $(if $(VMLINUZ),'$(VMLINUZ)$(KDIR:%=:%)',$(if $(given),$(if $(wildcard /lib/modules/$(given)/build),,'$(given)')))

prefix	?= /usr/local
JOBS	?= $(shell nproc)
to	= $(DESTDIR)$(prefix)
stage	= $(CURDIR)/build/stage
uapi	= driver/include/uapi/linux/hello.h

# Packages, and what a guest installs; the log is shown only if that fails.
define set_up
	tests/setup $(1)
	@mkdir -p build
	$(MAKE) --silent stage >build/stage.log 2>&1 || { cat build/stage.log; exit 1; }
endef

all: module tool	## build driver/hello.ko and tools/helloctl (20 s)

help:	## this list
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ { printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@echo 'demo and the tests need Debian 12 or newer; make, install and dkms-install any Linux.'
	@echo 'The second demo or check is faster than the first, which installs packages.'

# Using it

module:	## build driver/hello.ko for the kernel KVER (15 s)
	@[ -n '$(KVER)' ] || { echo 'No kernel headers: run `make setup` as root.' >&2; exit 1; }
	$(MAKE) -C '/lib/modules/$(KVER)/build' M='$(CURDIR)' modules

tool:	## build tools/helloctl and its man pages (5 s)
	$(MAKE) -C tools all

install:	## install tool, man pages, header, udev rule, group; DESTDIR, prefix (1 s)
	tools/place install 644 udev/hello.sysusers '$(to)/lib/sysusers.d/hello.conf'
# udevd takes a group that it cannot find for root, and remembers: group first.
ifeq ($(DESTDIR),)
	if command -v systemd-sysusers; then systemd-sysusers '$(to)/lib/sysusers.d/hello.conf'; \
		else groupadd --system --force hello; fi
endif
	tools/place install 644 udev/60-hello.rules '$(to)/lib/udev/rules.d/60-hello.rules'
	tools/place install 644 udev/hello.modprobe '$(to)/lib/modprobe.d/hello.conf'
	tools/place install 644 $(uapi) '$(to)/include/linux/hello.h'
	$(MAKE) -C tools install

deb:	## build the Debian packages hello-dkms and helloctl into build/deb (1 min)
	tests/packages/build build/deb

uninstall:	## take away what install installed; the group stays (1 s)
	tools/place remove '$(to)/lib/sysusers.d/hello.conf' '$(to)/lib/modprobe.d/hello.conf' \
		'$(to)/lib/udev/rules.d/60-hello.rules' '$(to)/include/linux/hello.h'
	$(MAKE) -C tools uninstall

dkms-source:	## copy what DKMS builds from to /usr/src; DESTDIR (1 s)
	tools/dkms source

dkms-install:	## build and install the module by DKMS for KVER, in place of older ones (15 s)
	tools/dkms install '$(KVER)'

dkms-uninstall:	## take the module, in every version, out of DKMS and /usr/src (5 s)
	tools/dkms uninstall

# Trying it: real kernels in QEMU, which leave this machine's own kernel alone

setup:	## install by apt the packages that building and testing need (2 min)
	tests/setup

stage:	## what a guest installs: `make install` and DKMS below build/stage (20 s)
	rm -rf build/stage
	$(MAKE) install DESTDIR='$(stage)' prefix=/usr
	$(MAKE) dkms-install DESTDIR='$(stage)' KVER='$(vm_kver)'
	tests/vm/modtree build/stage '$(vm_kver)'

demo:	## the main job on the real device in a guest, with all set-up (1 min)
	$(call set_up,demo)
	@tests/vm/run --name demo -- tests/vm/demo

shell:	## a root shell in a guest with the module loaded; `exit` ends it
	$(MAKE) module KVER='$(vm_kver)'
	$(MAKE) install DESTDIR='$(CURDIR)/build/shell' prefix=/usr
	tests/vm/run --name shell --stage build/shell --module driver/hello.ko --tty \
		-- sh -c 'echo "Emulated by QEMU: each time that you measure is longer than on a real machine."; \
		modprobe hello && exec bash'

# Testing it

check:	## set-up, lint and all tests that a change needs; of KVER, or VMLINUZ and KDIR (10 min)
ifneq ($(foreign),)
	$(MAKE) check-kernels KERNELS="$(foreign)"
else
	$(call set_up)
	$(MAKE) --silent -C tests
	prove -j$(JOBS) $(addprefix tests/vm/,stock.t poison.t docs.t) tests/docs.t tests/host/
endif

lint:	## compilers, sparse, checkpatch, shellcheck and more; silent when clean (1 min)
	tests/lint/run

docs:	## the documents as HTML in build/docs; run what they show in a guest (2 min)
	$(call set_up)
	prove -j$(JOBS) tests/docs.t tests/vm/docs.t

check-debug:	## all tests on a kernel with KASAN, lockdep, kmemleak (20 min, first time 30)
	tests/kernels/check-debug

check-kernels:	## build for, boot and test every kernel that Debian has; KERNELS, JOBS (2 h)
	tests/setup kernels
	JOBS='$(JOBS)' tests/kernels/check-kernels $(KERNELS)

check-hammer:	## what races, five times over, on processors that run in parallel (5 min)
	tests/setup hammer
	@mkdir -p build
	$(MAKE) --silent stage >build/stage.log 2>&1 || { cat build/stage.log; exit 1; }
	$(MAKE) --silent -C tests
	prove tests/hammer/run

check-mutants:	## plant bugs; each must be caught by a test (15 min)
	tests/setup debug
	tests/mutants/run

bench:	## instructions beside its peers in a guest, and the bars they must keep (2 min)
	tests/bench/run

check-packages:	## the Debian packages in bare roots of Debian 12, 13 and sid (20 min)
	tests/packages/run

clean:	## remove everything that was built
	rm -rf --one-file-system build
	$(MAKE) -C tools clean
# Not by kbuild, which also takes your own files of such names, wherever they are.
	cd driver && rm -f hello.ko hello.mod hello.mod.c *.o *.gcno *.gcda .*.cmd modules.order
	rm -f Module.symvers modules.order .module-common.o .*.cmd

.PHONY: all help module tool install uninstall dkms-source dkms-install dkms-uninstall \
	setup stage demo shell check lint docs check-debug check-kernels check-hammer check-mutants \
	check-packages bench deb clean
