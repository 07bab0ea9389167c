# What a packager may want to change.  Every value can be set on make's command line.
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/svarm
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
CLANG_FORMAT ?= clang-format

# release | debug | san (ASan + UBSan) | tsan | cov; objects of each go to build/VARIANT/.
VARIANT    ?= release
# 1: warnings are errors (CI sets it).
WERROR     ?= 0
# 1: print whole commands.
V          ?= 0
