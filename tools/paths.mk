# SPDX-License-Identifier: GPL-2.0-only
# paths.mk: checks the paths that a user sets, and trims DESTDIR. A Makefile sets
# $(paths), the names of the variables, and includes it before it uses them.

place	:= $(dir $(lastword $(MAKEFILE_LIST)))place
define newline


endef
# $(shell) cannot pass a newline: passes a blank, which is refused as well.
quote	= '$(subst $(newline), ,$(subst ','\'',$(1)))'
# The unexpanded value, so that a $$ is refused. Values of the Makefiles need no check.
given	= $(if $(filter file undefined,$(origin $(1))),,$(call quote,$(1)=$(value $(1))))
# make 4.4 expands exported variables, as those of its command line, for $(shell).
unexport $(foreach name,$(paths),$(if $(filter command,$(origin $(name))),$(name)))
refused	:= $(shell $(place) check $(foreach name,$(paths),$(call given,$(name))) 2>&1 || \
	echo $(place) failed)
ifneq ($(refused),)
$(error $(refused))
endif

# Recipes export it to tools/place. DESTDIR=/ means this system.
trim	= $(if $(filter %/,$(1)),$(call trim,$(patsubst %/,%,$(1))),$(1))
override DESTDIR := $(call trim,$(DESTDIR))
ifeq ($(DESTDIR),)
unexport DESTDIR
else
export DESTDIR
endif
