# One command for each job; `make help` lists them. GNU make, on Windows in an
# MSYS2 or w64devkit shell, on Debian and Ubuntu with mingw-w64 and Wine.
#
# Variables to set on the command line, all optional:
#   CASE=halfclose_large SERVER=04    `make check`: one case, one server
#   ARGS="--wait poll"                `make run-02`, client, bench: more options
#   FORM=minimal                      `make run-02`: minimal.c, or one of forms/
#   BUG=send_once SOLUTION=pool       `make run-01`: one of bugs/ or solutions/
#   CLAIM=4.3                         `make lab-04`: one claim
#   WINE=wine WINESERVER=wineserver   another Wine; it gets a prefix of its own
#   PREFIX=build/prefix-wine          where that prefix is
#   OBSERVE=0                         build without the seam, into build/plain
#   GUARD=1                           guarded memory and traps, into build/guard
#   CC=clang BUILD=build/clang        another compiler, another place
#   V=1                               show each command

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---- where and with what -----------------------------------------------------

OBSERVE ?= 1
GUARD   ?= 0
BUILD   ?= build$(if $(filter 0,$(OBSERVE)),/plain)$(if $(filter \
           1,$(GUARD)),/guard)

ifeq ($(OS),Windows_NT)
  ifeq ($(origin CC),default)
    CC := gcc
  endif
  # Nothing stands between make and a program: WITH_WINE and WINE are empty.
  override WINE :=
  CLANG_CC     := clang
  CLANG_LIBDIR :=
  CLANG_FOR    := # nothing: which headers it would find is not known
  NATIVE_CC    ?= $(CC)
  # mingw gcc has no AddressSanitizer; this form of UBSan needs no runtime.
  SANITIZE     ?= -fsanitize=undefined -fsanitize-undefined-trap-on-error
  JOBS         ?= $(NUMBER_OF_PROCESSORS)
else
  # A CC from the environment means the compiler for this system, not ours.
  ifneq ($(origin CC),command line)
    CC := x86_64-w64-mingw32-gcc
  endif
  WINE         ?= wine
  WINESERVER   ?= $(if $(filter %wine,$(WINE)),$(WINE)server)
  PREFIX       ?= build/prefix-$(notdir $(firstword $(WINE)))
  WITH_WINE    := WINE='$(WINE)' WINESERVER='$(WINESERVER)' \
                  WINEPREFIX='$(PREFIX)' sh bench/with_wine.sh
  READY        := $(PREFIX)/.ready
  CLANG_CC     := clang --target=x86_64-w64-mingw32
  # Debian has two builds of libgcc for this target; clang finds neither.
  CLANG_LIBDIR = -L$(dir $(shell x86_64-w64-mingw32-gcc \
                 -print-libgcc-file-name 2>/dev/null))
  # The headers are the same for each processor; libraries there are for one.
  CLANG_FOR    := i686 aarch64
  CLANG_TO     = clang --target=$(1)-w64-mingw32 \
                 -isystem /usr/x86_64-w64-mingw32/include
  NATIVE_CC    ?= gcc
  SANITIZE     ?= -fsanitize=address,undefined -fno-sanitize-recover=all
  JOBS         ?= $(shell nproc 2>/dev/null || echo 2)
endif

STRICT := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
          -Wmissing-prototypes -Wvla -Werror
# UBSan's runtime is not there for this target; its traps need none.
CFLAGS   ?= -O2 -g $(if $(filter 1,$(GUARD)),-fsanitize=undefined \
            -fsanitize-undefined-trap-on-error)
DEFINES  := -D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN \
            -D_CRT_SECURE_NO_WARNINGS -D__USE_MINGW_ANSI_STDIO=1 \
            -DOBSERVE=$(OBSERVE) -DGUARD=$(GUARD) -DVERSION='"0.1"' -Icommon -Icommon/seam
LDFLAGS  ?= -static
LDLIBS   := -lws2_32 -lmswsock -lpsapi -lpowrprof
COMPILE  := $(CC) -std=c11 $(STRICT) $(DEFINES) $(CPPFLAGS) $(CFLAGS)
LINK     := $(CC) $(CFLAGS) $(LDFLAGS)

# `make -j2 check` says how many jobs; without -j, parts that gain take JOBS.
PARALLEL = $(MAKE) --no-print-directory \
           $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
# `make deps bench` installs before it builds, also with -j.
FIRST := $(filter deps,$(MAKECMDGOALS))

# ---- programs ----------------------------------------------------------------

CHAPTERS := 01_blocking 02_nonblocking 03_overlapped_event 04_overlapped_apc \
            05_iocp
COMMON   := $(patsubst %,common/%.c,acceptor clock ledger net options report \
            roster seam/observe server stop utf8)
RESULT   := $(wildcard bench/result/*.c)
RUN      := $(wildcard bench/run/*.c)
CASES    := $(wildcard bench/cases/*.c)
REPORT   := $(wildcard bench/report/*.c)

# $(call say,CC,FILE) prints one short line in place of a long command.
Q   := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)  $(2)')

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SERVERS  := $(CHAPTERS:%=$(BUILD)/%.exe)
PROGRAMS := $(SERVERS) $(BUILD)/client.exe $(BUILD)/check.exe \
            $(BUILD)/bench.exe
MAINS    := $(CHAPTERS:%=%/server.c) common/client.c bench/check.c bench/bench.c
ONE_PAGE := $(wildcard $(CHAPTERS:%=%/minimal.c) $(CHAPTERS:%=%/forms/*.c))

all: $(PROGRAMS) ## build everything into build/
.PHONY: all

$(SERVERS): $(BUILD)/%.exe: $(BUILD)/obj/%/server.o $(call objects,$(COMMON))
$(BUILD)/client.exe: $(call objects,common/client.c $(COMMON))
$(BUILD)/check.exe: $(call objects,bench/check.c $(CASES) $(COMMON) $(patsubst \
    %,bench/%.c,run/connect run/load run/process run/wine result/histogram \
    result/statistics))
$(BUILD)/bench.exe: $(call objects,bench/bench.c $(REPORT) $(RESULT) $(RUN) $(COMMON))

# The commit goes into the reports: only environment.c is compiled with it, and
# again when it changes.
COMMIT := $(shell git describe --always --dirty --abbrev=10 2>/dev/null || \
          echo n/a)
$(BUILD)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@
$(BUILD)/obj/bench/run/environment.o: $(BUILD)/commit
$(BUILD)/obj/bench/run/environment.o: private COMPILE := $(COMPILE) \
    -DCOMMIT='"$(COMMIT)"'

$(PROGRAMS): $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# -MMD -MP: the compiler writes down which headers an object depends on.
$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,cc,$@)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# Holds the command that objects are compiled with. Written only when that
# changes, and then everything is compiled again.
quote = '$(subst ','\'',$(1))'
$(BUILD)/flags: FORCE | $(FIRST)
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) >/dev/null || { \
	    echo '$(firstword $(CC)) is not here; see `make deps`' >&2; exit 1; }
	@printf '%s\n' $(call quote,$(COMPILE) $(LINK)) | cmp -s - $@ || \
	    printf '%s\n' $(call quote,$(COMPILE) $(LINK)) >$@
.PHONY: FORCE

OBJECTS := $(call objects,$(MAINS) $(COMMON) $(RESULT) $(RUN) $(CASES) $(REPORT) \
           $(ONE_PAGE) $(CHAPTERS:%=%/labs.c) common/lab.c common/program.c)
-include $(OBJECTS:.o=.d)

# ---- minimal.c, other programs, and patches to server.c ------------------------

# NN_name/KIND/X.patch makes $(BUILD)/KIND/NN_name_X.exe; kinds are bugs (the
# museum: each a mistake), forms (each another way) and solutions (of exercises).
PATCHES  := $(wildcard $(foreach kind,bugs forms solutions, \
            $(CHAPTERS:%=%/$(kind)/*.patch)))
patch_kind = $(word 2,$(subst /, ,$(1)))
patched    = $(BUILD)/$(patch_kind)/$(subst /$(patch_kind)/,_,$(1:.patch=))
# The programs of one page, NN_name/minimal.c and NN_name/forms/X.c, make
# $(BUILD)/forms/NN_name_minimal.exe and $(BUILD)/forms/NN_name_X.exe.
program     = $(BUILD)/forms/$(subst /,_,$(subst forms/,,$(1:.c=)))
FORMS    := $(foreach page,$(ONE_PAGE),$(call program,$(page)).exe) \
            $(foreach patch,$(wildcard \
            $(CHAPTERS:%=%/forms/*.patch)),$(call patched,$(patch)).exe)

forms: $(FORMS) ## build minimal.c and the other forms of each chapter
.PHONY: forms

# $(1) is the source, $(2) what is made, without its ending. The first line
# compiles it as its first comment says, but nothing is overlooked; the second
# with the seam, of which it knows nothing. The patch is for the ladder, which
# counts in it how many lines differ from minimal.c.
define program_rules
$(2).o: $(1) $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,cc,$$@)
	$$(Q)$$(CC) -std=c11 $$(STRICT) $$(CFLAGS) -fsyntax-only $$<
	$$(Q)$$(COMPILE) -include common/program.h -MMD -MP -c -o $$@ $$<
	@diff -u $(firstword $(subst /, ,$(1)))/minimal.c $$< >$(2).patch || :
$(2).exe: $(2).o $(call objects,common/program.c $(COMMON))
	$$(call say,link,$$@)
	$$(Q)$$(LINK) -o $$@ $$(filter %.o,$$^) $$(LDLIBS) -luser32
-include $(2).d
endef
$(foreach page,$(ONE_PAGE),$(eval $(call program_rules,$(page),$(call \
    program,$(page)))))

stale = echo '$(1) does not apply to $(2)/server.c any more: make its change \
        by hand, and put the new diff under the old header' >&2
# $(1) is the patch, $(2) the chapter, $(3) what is made, without its ending. The
# copy of the patch is for the ladder, which counts its lines.
define patch_rules
$(3).c: $(1) $(2)/server.c
	@mkdir -p $$(@D)
	@cp $(2)/server.c $$@
	@cp $(1) $(3).patch
	@patch $$@ $(1) </dev/null >/dev/null 2>&1; status=$$$$?; \
	    rm -f $$@.orig $$@.rej; \
	    [ $$$$status -eq 0 ] || { $(call stale,$(1),$(2)); exit 1; }
$(3).o: $(3).c $(BUILD)/flags
	$$(call say,cc,$$@)
	$$(Q)$$(COMPILE) -MMD -MP -c -o $$@ $$<
$(3).exe: $(3).o $(call objects,$(COMMON))
	$$(call say,link,$$@)
	$$(Q)$$(LINK) -o $$@ $$(filter %.o,$$^) $$(LDLIBS)
-include $(3).d
endef
$(foreach patch,$(PATCHES),$(eval $(call patch_rules,$(patch),$(firstword \
    $(subst /, ,$(patch))),$(call patched,$(patch)))))

# ---- labs ---------------------------------------------------------------------

# NN_name/labs.c: what courses claim of a model, put to the test.
LABS := $(foreach c,$(CHAPTERS),$(BUILD)/labs_$(firstword $(subst _, ,$(c))).exe)
define lab_rules
$(BUILD)/labs_$(1).exe: $(call objects,$(2)/labs.c common/lab.c $(COMMON))
lab-$(1): $(BUILD)/labs_$(1).exe $(READY)
	@$$(WITH_WINE) $$(WINE) $$< $$(if $$(CLAIM),--only $$(CLAIM)) $$(ARGS)
endef
$(foreach c,$(CHAPTERS),$(eval $(call lab_rules,$(firstword $(subst _, \
    ,$(c))),$(c))))
$(LABS): $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)
labs: $(LABS:$(BUILD)/labs_%.exe=lab-%) ## what courses claim, measured; lab-04: of one chapter
.PHONY: labs $(LABS:$(BUILD)/labs_%.exe=lab-%)

# ---- run ---------------------------------------------------------------------

deps: ## install what is missing (Debian, Ubuntu; elsewhere: say what)
	@sh bench/check_deps.sh
.PHONY: deps

# A server or the client from a terminal: `make run-04 ARGS="--port 7"`, and
# `make run-02 FORM=minimal` or FORM=spin for minimal.c or one of forms/,
# BUG=tail_dropped for one of bugs/, SOLUTION= for one of solutions/.
KIND := $(if $(FORM),forms,$(if $(BUG),bugs,$(if $(SOLUTION),solutions)))
NAME := $(FORM)$(BUG)$(SOLUTION)
ifneq ($(NAME),)
  KNOWN := $(if $(FORM),minimal) $(notdir $(basename $(wildcard $(addsuffix \
           /$(KIND)/*.[pc]*,$(or $(patsubst run-%,%_*,$(filter run-%, \
           $(MAKECMDGOALS))),$(CHAPTERS))))))
  ifeq ($(filter $(NAME),$(KNOWN)),)
    $(error $(NAME) is none of the $(KIND): $(KNOWN))
  endif
endif
RUNS := run-01 run-02 run-03 run-04 run-05
$(RUNS): $(READY) ## start a server; FORM=minimal: another form of it
define run_rules
run-$(1): $(BUILD)/$(if $(NAME),$(KIND)/)$(2)$(if $(NAME),_$(NAME)).exe
	@$$(WITH_WINE) $$(WINE) $$< $$(ARGS)
endef
$(foreach c,$(CHAPTERS),$(eval $(call run_rules,$(firstword $(subst _, \
    ,$(c))),$(c))))
client: $(BUILD)/client.exe $(READY) ## start the client
	@$(WITH_WINE) $(WINE) $(BUILD)/client.exe $(ARGS)
# What `make bench` leaves: a page to look at, and the figures behind it.
EXPORTS = --export-html $(BUILD)/report.html --export-json $(BUILD)/report.json
bench: all $(READY) ## measure all five side by side; writes build/report.html
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe $(EXPORTS) $(ARGS)
# The system stands at its end, the date and the commit at its beginning.
last-run: all $(READY) ## the same into bench/last_run.txt, for the table in README.md
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe --details $(ARGS) >$(BUILD)/last_run
	@{ echo "Run on $$(date +%F) with commit $(COMMIT):" \
	    "$$(sed -n '/^== what ran/,$$ s/,\{0,1\}\r*$$//; s/^system   *W/W/p' \
	    $(BUILD)/last_run)."; echo; \
	    tr -d '\r' <$(BUILD)/last_run; } >bench/last_run.txt
	@sh bench/costs.sh bench/last_run.txt
bench-full: all $(READY) ## the same with every scenario: about 11 minutes
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe --scenario all $(EXPORTS) $(ARGS)
ladder: all forms $(READY) ## one trick after the other: `make ladder SERVER=05`
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe ladder $(or $(SERVER),05) \
	    $(EXPORTS) $(ARGS)
# The committed servers are built from a copy of their sources in build/ab.
ab: all $(READY) ## what did my change do? committed against now: `make ab SERVER=05`
	@rm -rf $(BUILD)/ab; mkdir -p $(BUILD)/ab
	@git archive HEAD Makefile common $(CHAPTERS) bench | tar -x -C $(BUILD)/ab
	+@$(PARALLEL) -C $(BUILD)/ab BUILD=build $(CHAPTERS:%=build/%.exe)
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe ab $(BUILD)/ab/build \
	    $(if $(SERVER),--servers $(SERVER)) $(EXPORTS) $(ARGS)
field-report: all forms $(READY) ## all that this machine can tell, in one folder
	+@MAKE=$(call quote,$(PARALLEL)) BUILD=$(BUILD) CC=$(call quote,$(CC)) \
	    sh bench/field_report.sh
bench-seam: all $(READY) ## show what the seam costs: built with and without
	+@$(PARALLEL) OBSERVE=0 BUILD=$(BUILD)/plain all
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe seam $(BUILD)/plain $(ARGS)
figures: all $(READY) ## draw the timelines of the chapters anew from real runs
	@mkdir -p $(BUILD)/figures $(CHAPTERS:%=%/figures) common/figures
	@$(WITH_WINE) $(WINE) $(BUILD)/bench.exe trace $(BUILD)/figures
	@for chapter in $(CHAPTERS); do cp $(BUILD)/figures/$${chapter%%_*}_timeline.svg \
	    $$chapter/figures/timeline.svg || exit 1; done
	@cp $(BUILD)/figures/one_echo.svg common/figures/
.PHONY: run-01 run-02 run-03 run-04 run-05 client bench last-run bench-full ladder ab \
    field-report bench-seam figures

# wineboot sets a new prefix up. Which user's desktop, browser or .NET there
# might be does not matter here: with_wine.sh switches all that off. Two makes at
# the same time, a server and a client, set it up once: the second waits. While
# it makes a prefix Wine 8 once failed to start wineboot itself: hence again.
$(PREFIX)/.ready: | $(FIRST)
	@command -v $(firstword $(WINE)) >/dev/null || { \
	    echo '$(firstword $(WINE)) is not here; see `make deps`' >&2; exit 1; }
	@mkdir -p $(PREFIX)
	@exec 9>$(PREFIX).lock; flock 9; [ ! -e $@ ] || exit 0; \
	echo 'setting up a Wine prefix in $(PREFIX), once, 10 to 20 seconds ...'; \
	{ { $(WITH_WINE) $(WINE) wineboot -i || $(WITH_WINE) $(WINE) wineboot -i; } \
	    && touch $@; } \
	    >$(PREFIX).log 2>&1 9>&- || { cat $(PREFIX).log; exit 1; }

# ---- check -------------------------------------------------------------------

# These compute, and run beside the others, which mostly wait.
BESIDE := check-native check-fuzz check-steps check-checks check-page check-clang
PARTS  := check-labs check-texts check-servers check-bugs check-solutions

ifeq ($(CASE)$(SERVER),)
check: $(READY) ## test everything; CASE=... SERVER=...: only that, see above
	+@MAKE=$(call quote,$(PARALLEL)) $(WITH_WINE) sh bench/check_all.sh $(BESIDE) -- $(PARTS)
else
check: check-servers
endif

check-native: ## unit tests of the parts that need no Windows, with sanitizers
	@sh bench/check_native.sh $(TESTS)
check-fuzz: ## feed the command line with nonsense for 6 seconds, with sanitizers
	@CFLAGS=$(call quote,$(STRICT)) \
	    sh bench/check_fuzz.sh $(BUILD)/fuzz common/options.c
check-page: ## the report's page in headless Chromium
	@sh bench/check_page.sh
check-steps: ## steps S1 to S9: sources and chapters say the same
	@sh bench/check_steps.sh $(CHAPTERS)
check-labs: $(LABS) $(READY) ## every claim gets the verdict that claims.md says
	@BUILD=$(BUILD) $(WITH_WINE) sh bench/check_labs.sh common/claims.md
check-texts: all forms labs-build $(READY) ## every command of the texts prints what they say
	@$(WITH_WINE) sh bench/check_texts.sh README.md $(CHAPTERS:%=%/README.md)
labs-build: $(LABS)
check-checks: ## faults planted in sources and texts must be found by the checks
	@sh bench/check_checks.sh $(CHAPTERS)
# With clang everything a second time; and for the processors of 32-bit Windows
# and of Windows on ARM as far as the linker.
check-clang: ## build everything with clang, for x64, x86 and ARM64
	+@MAKE=$(call quote,$(PARALLEL)) sh bench/check_clang.sh \
	    $(patsubst $(BUILD)/%,$(BUILD)/clang/%,$(PROGRAMS) $(FORMS) $(LABS)) \
	    $(CLANG_FOR:%=clang-%)
clang-build:
	+@$(PARALLEL) BUILD=$(BUILD)/clang CC=$(call quote,$(CLANG_CC)) \
	    LDFLAGS='-static $(CLANG_LIBDIR)' $(GOAL)
$(CLANG_FOR:%=clang-%): clang-%:
	+@$(PARALLEL) BUILD=$(BUILD)/$* CC=$(call quote,$(call CLANG_TO,$*)) objects
objects: $(OBJECTS)
.PHONY: objects $(CLANG_FOR:%=clang-%)
# All of it in two series at once; what was chosen, one case after the other.
SECOND_PREFIX = $(PREFIX)-second
check-servers: all $(READY) ## the conformance suite alone; CASE=, SERVER=
ifeq ($(strip $(CASE)$(SERVER)$(ARGS)),)
	+@$(PARALLEL) forms
	$(if $(WINE),@[ -e $(SECOND_PREFIX) ] || { \
	    rm -rf $(SECOND_PREFIX).new; cp -a $(PREFIX) $(SECOND_PREFIX).new; \
	    mv $(SECOND_PREFIX).new $(SECOND_PREFIX); })
	@BUILD=$(BUILD) SECOND_PREFIX=$(SECOND_PREFIX) $(WITH_WINE) \
	    sh bench/check_servers.sh
else
	+@$(PARALLEL) -k forms >$(BUILD)/forms.log 2>&1 || { only='--forms default'; \
	    echo 'the forms do not fit the changed server.c, and are left out'; }; \
	$(WITH_WINE) $(WINE) $(BUILD)/check.exe $(if $(SERVER),--server $(SERVER)) \
	    $(if $(CASE),--case $(CASE)) $$only $(ARGS)
endif
soak: all $(READY) ## hostile and good clients: `make soak MINUTES=30 SERVER=05`
	@$(WITH_WINE) $(WINE) $(BUILD)/check.exe --soak $(or $(MINUTES),5) \
	    $(if $(SERVER),--server $(SERVER)) $(ARGS)
LOW_PREFIX = $(abspath $(BUILD))/prefix-handles
check-handles: all $(READY) ## each server when there is no handle left
	$(if $(WINE),+@$(MAKE) --no-print-directory PREFIX=$(LOW_PREFIX) \
	    $(LOW_PREFIX)/.ready)
	@BUILD=$(BUILD) LOW_PREFIX=$(LOW_PREFIX) $(WITH_WINE) \
	    sh bench/check_handles.sh $(SERVERS)
.PHONY: check labs-build clang-build soak check-handles $(BESIDE) $(PARTS)

# Unit tests: bench/tests/test_NAME.c, built for the system that make runs on.
TESTS  := $(patsubst bench/tests/%.c,$(BUILD)/native/%$(if $(filter \
          Windows_NT,$(OS)),.exe),$(wildcard bench/tests/test_*.c))
PURE   := $(wildcard common/options.c bench/result/*.c bench/report/*.c)
NATIVE := $(NATIVE_CC) -std=c11 $(STRICT) -g -O1 $(SANITIZE) -DVERSION='"0.1"' \
          -Icommon -Icommon/seam -Ibench

check-native: $(TESTS)
$(TESTS): $(BUILD)/native/%: $(patsubst %.c,$(BUILD)/native/obj/%.o,$(PURE))
	$(call say,link,$@)
	$(Q)$(NATIVE) -o $@ $^ -lm
$(foreach t,$(TESTS),$(eval \
    $t: $(BUILD)/native/obj/bench/tests/$(basename $(notdir $t)).o))
$(BUILD)/native/obj/%.o: %.c Makefile | $(FIRST)
	@mkdir -p $(@D)
	$(call say,cc,$@)
	$(Q)$(NATIVE) -MMD -MP -c -o $@ $<
-include $(patsubst %.c,$(BUILD)/native/obj/%.d,$(PURE) \
    $(wildcard bench/tests/*.c))

check-bugs: all $(READY) ## every server of the bug museum must be caught
check-solutions: all $(READY) ## every solution of an exercise must be right
check-bugs check-solutions: check-%:
	+@MAKE=$(call quote,$(PARALLEL)) BUILD=$(BUILD) $(WITH_WINE) \
	    sh bench/check_patches.sh $(wildcard $(CHAPTERS:%=%/$*/*.patch))

# Built with GUARD=1, only those mutants that need it.
MUTANTS := $(if $(filter 1,$(GUARD)),bench/mutants/guard.txt,$(filter-out \
           %/guard.txt,$(wildcard bench/mutants/*.txt)))
mutants: all $(READY) ## small mistakes, each to be seen by its case; ONLY=name
	@COMPILE=$(call quote,$(COMPILE)) LINK=$(call quote,$(LINK)) \
	    LDLIBS='$(LDLIBS)' OBJECTS='$(call objects,$(COMMON))' \
	    BUILD=$(BUILD) ONLY=$(ONLY) FOR=$(SERVER) JOBS=$(JOBS) \
	    $(WITH_WINE) sh bench/check_mutants.sh $(MUTANTS)
# Only the servers are built with gcov: check.exe runs some of common/, too. Left
# out are the seam and its clock, what other programs use more than servers do,
# and what unit tests and a fuzzer run natively.
coverage: all $(READY) ## how many error paths are reached; SERVER=NN: by one
	+@$(PARALLEL) BUILD=$(BUILD)/coverage \
	    CFLAGS='-O0 -g --coverage -DCOVERAGE' coverage-build
	@BUILD=$(BUILD) GCOV=$(CC:gcc=gcov) OBJDUMP=$(CC:gcc=objdump) \
	    ADDR2LINE=$(CC:gcc=addr2line) \
	    $(WITH_WINE) sh bench/check_coverage.sh "$(SERVER)" \
	    $(filter-out $(PURE) common/seam/observe.c common/clock.c common/utf8.c,\
	    $(COMMON))
coverage-build: $(SERVERS)
faults: ## each call of each server fails once: some minutes; SERVER=NN
	+@$(PARALLEL) CASE=every_call_all check-servers
check-guard: ## the suite with guarded memory and UBSan's traps: some minutes
	+@$(PARALLEL) GUARD=1 ARGS=$(call quote,--forms default $(ARGS)) check-servers
	+@$(PARALLEL) GUARD=1 mutants
.PHONY: mutants coverage coverage-build faults check-guard

# ---- lint --------------------------------------------------------------------

LINTED_C := $(sort $(wildcard */*.c */forms/*.c common/seam/*.c bench/*/*.c))
LINTED_H := $(wildcard */*.h common/seam/*.h bench/*/*.h)
LINTED   := $(LINTED_C:%=$(BUILD)/lint/%.ok) $(LINTED_H:%=$(BUILD)/lint/%.ok) \
            $(BUILD)/lint/scripts.ok

# One stamp for each file that all tools found clean; -k: report every file.
lint: ## clang-format, clang-tidy, cppcheck, gcc's analyser; finds nothing
	+@$(PARALLEL) -k lint-files
lint-files: $(LINTED)
	@echo 'lint: nothing found in $(words $(LINTED_C) $(LINTED_H)) files'
.PHONY: lint lint-files

$(BUILD)/lint/%.h.ok: %.h .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $<
	@touch $@

# The analyser runs within an ordinary compilation and needs -O2 to see far.
$(BUILD)/lint/%.c.ok: %.c .clang-format .clang-tidy Makefile
	@mkdir -p $(@D)
	@echo '  lint  $<'
	@clang-format --dry-run -Werror $<
	@$(COMPILE) -Ibench -fanalyzer -MMD -MP -MF $(BUILD)/lint/$*.d -MT $@ \
	    -c -o $(BUILD)/lint/$*.o $<
	@cppcheck --quiet --error-exitcode=1 --std=c11 --platform=win64 \
	    --library=windows,./.cppcheck.cfg \
	    --enable=warning,performance,portability \
	    --inline-suppr -D_WIN32 $(DEFINES) -Ibench $<
	@clang-tidy --quiet --warnings-as-errors='*' $< -- -std=c11 \
	    --target=x86_64-w64-mingw32 $(DEFINES) -Ibench 2>$(BUILD)/lint/$*.log \
	    || { grep -v 'warnings generated' $(BUILD)/lint/$*.log; exit 1; }
	@touch $@

-include $(LINTED_C:%.c=$(BUILD)/lint/%.d)

$(BUILD)/lint/scripts.ok: $(wildcard bench/*.sh bench/tests/page/*.sh) .ci/run
	@mkdir -p $(@D)
	@shellcheck $^
	@touch $@

format: ## let clang-format rewrite all sources
	clang-format -i $(LINTED_C) $(LINTED_H)
.PHONY: format

# ---- the rest ----------------------------------------------------------------

clean: ## delete build/
	rm -rf build
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z].*:.*## / \
	    { printf "  %-15s %s\n", ($$1 ~ /^run/ ? "run-01 to 05" : $$1), $$2 }' \
	    Makefile
.PHONY: clean help
