# SPDX-License-Identifier: GPL-2.0-only
# paths.mk: what a Makefile includes before it uses a path. $(paths) names the
# variables that a user may set; tools/place says which values are refused.

place	:= $(dir $(lastword $(MAKEFILE_LIST)))place
define newline


endef
# $(shell) would end at a newline; a blank is refused as well.
quote	= '$(subst $(newline), ,$(subst ','\'',$(1)))'
# As the user wrote it: make would expand a $$. The Makefiles' own values are sound.
given	= $(if $(filter file undefined,$(origin $(1))),,$(call quote,$(1)=$(value $(1))))
# make 4.4 expands for $(shell) what it exports, as all that its command line sets.
unexport $(foreach name,$(paths),$(if $(filter command,$(origin $(name))),$(name)))
refused	:= $(shell $(place) check $(foreach name,$(paths),$(call given,$(name))) 2>&1 || \
	echo $(place) failed)
ifneq ($(refused),)
$(error $(refused))
endif

# Recipes hand it on to tools/place; DESTDIR=/ is this system.
trim	= $(if $(filter %/,$(1)),$(call trim,$(patsubst %/,%,$(1))),$(1))
override DESTDIR := $(call trim,$(DESTDIR))
ifeq ($(DESTDIR),)
unexport DESTDIR
else
export DESTDIR
endif
