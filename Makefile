# One command for each job; `make help` lists them. GNU make, on Windows in an
# MSYS2 or w64devkit shell, on Debian and Ubuntu with mingw-w64 and Wine.

# ---- where and with what -----------------------------------------------------

OBSERVE ?= 1
BUILD   ?= $(if $(filter 0,$(OBSERVE)),build/plain,build)

ifeq ($(OS),Windows_NT)
  ifeq ($(origin CC),default)
    CC := gcc
  endif
  RUN :=
else
  ifeq ($(origin CC),default)
    CC := x86_64-w64-mingw32-gcc
  endif
  # A Wine prefix of the project's own, one for each Wine.
  WINE       ?= wine
  WINESERVER ?= $(patsubst %wine,%wineserver,$(WINE))
  PREFIX     := $(CURDIR)/build/prefix-$(notdir $(firstword $(WINE)))
  RUN        := WINEPREFIX='$(PREFIX)' WINEDEBUG=-all $(WINE)
endif

STRICT := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
          -Wmissing-prototypes -Werror
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN \
            -D_CRT_SECURE_NO_WARNINGS -D__USE_MINGW_ANSI_STDIO=1 \
            -DOBSERVE=$(OBSERVE) -DVERSION='"0.1"' -Icommon
LDFLAGS  += -static
LDLIBS   := -lws2_32 -lmswsock -lpsapi

# ---- programs ----------------------------------------------------------------

CHAPTERS := 01_blocking 02_nonblocking 03_overlapped_event 04_overlapped_apc \
            05_iocp
COMMON   := clock ledger net observe options report server stop
HARNESS  := $(patsubst bench/%.c,%,$(wildcard bench/harness/*.c))

SERVERS  := $(CHAPTERS:%=$(BUILD)/%.exe)
PROGRAMS := $(SERVERS) $(BUILD)/client.exe $(BUILD)/check.exe \
            $(BUILD)/bench.exe

common_objects  := $(COMMON:%=$(BUILD)/obj/common/%.o)
harness_objects := $(HARNESS:%=$(BUILD)/obj/bench/%.o)
case_objects    := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard bench/cases/*.c))
report_objects  := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard bench/report/*.c))

all: $(PROGRAMS) ## build everything into build/

$(SERVERS): $(BUILD)/%.exe: $(BUILD)/obj/%/server.o $(common_objects)
$(BUILD)/client.exe: $(BUILD)/obj/common/client.o $(common_objects)
$(BUILD)/check.exe: $(BUILD)/obj/bench/check.o $(case_objects) \
    $(harness_objects) $(common_objects)
$(BUILD)/bench.exe: $(BUILD)/obj/bench/bench.o $(report_objects) \
    $(harness_objects) $(common_objects)

$(BUILD)/%.exe:
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# -MMD -MP: the compiler writes down which headers an object depends on.
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 $(STRICT) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.DELETE_ON_ERROR:
.PHONY: all
.SECONDARY:
