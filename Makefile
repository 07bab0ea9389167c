# svarm's build.  `make help` lists the targets; config.mk holds what a packager may change.
# Sources are listed by hand, one per line, in each folder's sources.mk: a diff of those lists
# shows the architecture move.
include config.mk

VERSION := 0.1.0
B       := build/$(VARIANT)

SOURCE_LISTS := lib/base/sources.mk lib/ext/sources.mk lib/spec/sources.mk lib/node/sources.mk \
	lib/run/sources.mk provision/sources.mk tune/sources.mk faas/sources.mk probe/sources.mk \
	cli/sources.mk
include $(SOURCE_LISTS)

LIB_SRC := $(LIB_BASE_SRC) $(LIB_EXT_SRC) $(LIB_SPEC_SRC) $(LIB_NODE_SRC) $(LIB_RUN_SRC) \
	$(PROVISION_SRC) $(TUNE_SRC) $(FAAS_SRC) $(PROBE_SRC)

# ---- compiler -------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wformat=2 -Wvla -Wundef -Wno-unused-parameter
SVARM_CPPFLAGS := -I. -I$(B) -D_GNU_SOURCE -DSVARM_VERSION='"$(VERSION)"' -DSVARM_DATADIR='"$(DATADIR)"' \
	-include lib/base/banned.h
SVARM_CFLAGS := -std=gnu17 -ffile-prefix-map=$(CURDIR)=. -fno-common -pthread -fstack-protector-strong $(WARNINGS)
SVARM_LDFLAGS := -pthread -Wl,-z,relro,-z,now

ifeq ($(WERROR),1)
SVARM_CFLAGS += -Werror
endif
ifeq ($(VARIANT),release)
SVARM_CFLAGS += -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else ifeq ($(VARIANT),debug)
SVARM_CFLAGS += -Og -g3
else ifeq ($(VARIANT),san)
SVARM_CFLAGS += -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SVARM_LDFLAGS += -fsanitize=address,undefined
else ifeq ($(VARIANT),tsan)
SVARM_CFLAGS += -O1 -g -fsanitize=thread -fno-omit-frame-pointer
SVARM_LDFLAGS += -fsanitize=thread
else ifeq ($(VARIANT),cov)
SVARM_CFLAGS += -O0 -g --coverage
SVARM_LDFLAGS += --coverage
else
$(error VARIANT=$(VARIANT): use release, debug, san, tsan or cov)
endif

# ---- libraries ------------------------------------------------------------------------------
# pkg-config name:Debian/Ubuntu package.  A missing one is named before anything is compiled.
PKGS_svarm   := yaml-0.1:libyaml-dev libssh:libssh-dev libcurl:libcurl4-openssl-dev \
	jansson:libjansson-dev libssl:libssl-dev libcrypto:libssl-dev libarchive:libarchive-dev
PKGS_probe   := libssl:libssl-dev libcrypto:libssl-dev
PKGS_gateway := libcurl:libcurl4-openssl-dev jansson:libjansson-dev hiredis:libhiredis-dev \
	libmicrohttpd:libmicrohttpd-dev
PKGS_worker  := libcurl:libcurl4-openssl-dev jansson:libjansson-dev hiredis:libhiredis-dev
PKGS_test    := cmocka:libcmocka-dev

pc-name = $(foreach p,$(1),$(firstword $(subst :, ,$(p))))
# Not for goals that build nothing themselves: `make check` on a fresh machine installs first.
ifeq ($(filter clean help format lab-% deps check demo bench-loadgen,$(MAKECMDGOALS)),)
$(foreach p,$(sort $(PKGS_svarm) $(PKGS_gateway) $(PKGS_worker)),\
  $(if $(shell $(PKG_CONFIG) --exists $(firstword $(subst :, ,$(p))) && echo y),,\
    $(error $(firstword $(subst :, ,$(p))) not found: apt install $(lastword $(subst :, ,$(p))) (or: make deps))))
EXT_CFLAGS   := $(shell $(PKG_CONFIG) --cflags $(call pc-name,$(sort $(PKGS_svarm) $(PKGS_gateway))))
LIBS_svarm   := $(shell $(PKG_CONFIG) --libs $(call pc-name,$(PKGS_svarm))) -lm
LIBS_probe   := $(shell $(PKG_CONFIG) --libs $(call pc-name,$(PKGS_probe)))
LIBS_gateway := $(shell $(PKG_CONFIG) --libs $(call pc-name,$(PKGS_gateway)))
LIBS_worker  := $(shell $(PKG_CONFIG) --libs $(call pc-name,$(PKGS_worker)))
LIBS_test    := $(shell $(PKG_CONFIG) --libs $(call pc-name,$(PKGS_test)) 2>/dev/null)
endif

ifeq ($(V),0)
say = @printf '  %-6s %s\n' '$(1)' '$(2)';
q   = @
endif

obj = $(patsubst %.c,$(B)/%.o,$(1))

.DEFAULT_GOAL := all
include tests/tests.mk

all: svarm programs build/svarm-probe build/svarm-load ## build build/svarm and the container programs
svarm: build/svarm
programs: build/svarm-gateway build/svarm-queue-worker build/echo

# ---- rules ----------------------------------------------------------------------------------
$(B)/%.o: %.c Makefile config.mk $(B)/templates.stamp
	$(call say,CC,$<)mkdir -p $(@D) && \
	$(CC) $(SVARM_CPPFLAGS) $(EXT_CFLAGS) $(CPPFLAGS) $(SVARM_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# svarm-probe as it goes to the nodes: one static file that runs wherever the processor is the same,
# built alike in every variant, and part of svarm (probe/bench/program.c).  The linker's warnings about
# static name resolution are meant: see probe/tool/main.c.
NODE_CFLAGS := -std=gnu17 -O2 -g0 -ffile-prefix-map=$(CURDIR)=. -fno-common -pthread -fstack-protector-strong \
	-ffunction-sections -fdata-sections -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -DSVARM_STATIC $(WARNINGS)
node_obj = $(patsubst %.c,build/probe/%.o,$(1))
# Static libraries only when something is listed that stands on them.
NODE_LIBS = $(if $(filter lib/ext/tls.c,$(NODE_SRC)),$(shell $(PKG_CONFIG) --static --libs libssl libcrypto))
$(call node_obj,$(NODE_SRC)): build/probe/%.o: %.c Makefile
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(SVARM_CPPFLAGS) $(NODE_CFLAGS) -MMD -MP -c -o $@.new.o -MF $(@:.o=.d) -MT $@ $< && mv $@.new.o $@
build/probe/svarm-probe: $(call node_obj,$(NODE_SRC)) probe/sources.mk
	$(call say,LD,$@)$(CC) $(NODE_CFLAGS) -static -s -Wl,--gc-sections -o $@.new $(filter %.o,$^) $(NODE_LIBS) 2>$@.log || \
		{ cat $@.log >&2; exit 1; }; mv $@.new $@
build/probe/svarm-probe.gz: build/probe/svarm-probe
	$(q)gzip -9nc $< >$@.new && mv $@.new $@
$(B)/probe/bench/program.o: build/probe/svarm-probe.gz

# Everything but the main programs, so that tests link just what they use.
$(B)/libsvarm.a: $(call obj,$(LIB_SRC)) $(B)/templates.o $(SOURCE_LISTS)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/svarm: $(call obj,$(CLI_SRC)) $(B)/libsvarm.a cli/sources.mk
	$(call say,LD,$@)$(CC) $(SVARM_CFLAGS) $(CFLAGS) $(SVARM_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_svarm)
$(B)/svarm-gateway: $(call obj,$(GATEWAY_SRC)) faas/sources.mk
	$(call say,LD,$@)$(CC) $(SVARM_CFLAGS) $(CFLAGS) $(SVARM_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS_gateway)
$(B)/svarm-queue-worker: $(call obj,$(WORKER_SRC)) faas/sources.mk
	$(call say,LD,$@)$(CC) $(SVARM_CFLAGS) $(CFLAGS) $(SVARM_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS_worker)
# Of libsvarm.a only what needs nothing but libc and OpenSSL.
$(B)/svarm-probe: $(call obj,$(TOOL_SRC)) $(B)/libsvarm.a probe/sources.mk
	$(call say,LD,$@)$(CC) $(SVARM_CFLAGS) $(CFLAGS) $(SVARM_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_probe)
$(B)/svarm-load: $(B)/svarm-probe
	$(q)ln -sfn svarm-probe $@
LINKS := svarm svarm-gateway svarm-queue-worker svarm-probe svarm-load
# One that points into another variant is made anew, however young it is.
.PHONY: $(foreach p,$(LINKS),$(if $(filter $(VARIANT)/$p,$(shell readlink build/$p)),,build/$p))
$(LINKS:%=build/%): build/%: $(B)/%
	$(q)ln -sfn $(VARIANT)/$* $@

# The demo function: static, so that its image is one file.
build/echo: tests/functions/echo/echo.c Makefile
	$(call say,CC,$@)mkdir -p build && $(CC) $(SVARM_CPPFLAGS) -O2 -g -std=gnu17 -pthread $(WARNINGS) -static -o $@ $<

# Templates are compiled in: templates/NAME becomes an entry of the table in lib/node/template.h.
TEMPLATES := $(sort $(filter-out templates/embed,$(wildcard templates/*)))
$(B)/templates.stamp: $(TEMPLATES) Makefile
	$(q)mkdir -p $(B) && templates/embed $(TEMPLATES) > $(B)/templates.c && touch $@
$(B)/templates.o: $(B)/templates.stamp
	$(call say,CC,templates)$(CC) $(SVARM_CPPFLAGS) $(SVARM_CFLAGS) -c -o $@ $(B)/templates.c

-include $(shell find $(B) build/probe -name '*.d' 2>/dev/null)

# ---- images ---------------------------------------------------------------------------------
images: programs ## build the container images (docker-archives) without any registry
	$(q)faas/images/build-all

images-monitoring: ## Prometheus and Alertmanager as images, for faas.monitoring and the lab
	$(q)faas/images/build-all prometheus alertmanager

# ---- housekeeping ---------------------------------------------------------------------------
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format: ## reformat all C files
	$(q)$(CLANG_FORMAT) -i $(C_FILES)
compile_commands.json: Makefile ## for clangd and friends
	$(q)tools/compile-commands '$(CC) $(SVARM_CPPFLAGS) $(EXT_CFLAGS) $(SVARM_CFLAGS)' $(LIB_SRC) $(CLI_SRC) $(GATEWAY_SRC) $(WORKER_SRC) > $@
install: all ## install below $(DESTDIR)$(PREFIX)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)/svarm/images $(DESTDIR)$(DOCDIR)/docs \
		$(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DATADIR)/bash-completion/completions
	$(INSTALL) -m 755 $(B)/svarm $(DESTDIR)$(BINDIR)/svarm
	$(INSTALL) -m 644 README.md CHANGELOG.md CONTRIBUTING.md LICENSE $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 docs/*.md docs/*.json $(DESTDIR)$(DOCDIR)/docs
	$(INSTALL) -m 644 docs/svarm.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 completions/svarm.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/svarm
	for i in build/images/*.tar.gz; do [ ! -e "$$i" ] || $(INSTALL) -m 644 "$$i" $(DESTDIR)$(DATADIR)/svarm/images; done
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/svarm $(DESTDIR)$(MANDIR)/man1/svarm.1 \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/svarm
	rm -rf $(DESTDIR)$(DATADIR)/svarm $(DESTDIR)$(DOCDIR)
clean: ## remove what was built (keeps a running lab)
	rm -rf build/release build/debug build/san build/tsan build/cov build/probe build/images build/bench
	rm -f $(LINKS:%=build/%) build/echo compile_commands.json
help: ## this list
	@grep -hE '^[a-z][a-z0-9_.-]*:.*## ' Makefile tests/tests.mk | sed -E 's/:.*## /\t/' | sort | \
		awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: all svarm programs images images-monitoring format install uninstall clean help
