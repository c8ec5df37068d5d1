# One command for each job; `make help` lists them. GNU make, on Windows in an
# MSYS2 or w64devkit shell, on Debian and Ubuntu with mingw-w64 and Wine.
#
# Variables to set on the command line, all optional:
#   CASE=halfclose_large SERVER=04    `make check`: one case, one server
#   ARGS="--wait poll"                `make run-02`, client, bench: more options
#   FORM=minimal                      `make run-02`: minimal.c, or one of forms/
#   BUG=A SOLUTION=pool               `make run-01`: one of bugs/ or solutions/
#   CLAIM=4.3                         `make lab-04`: one claim
#   WINE=wine WINESERVER=wineserver   another Wine; it gets a prefix of its own
#   PREFIX=build/prefix-wine          where that prefix is
#   OBSERVE=0                         build without the seam, into build/plain
#   WERROR=1                          warnings are errors; `make lint` has that
#   TICKS=1                           time-outs in steps of 16 ms, build/ticks
#   CC=clang BUILD=build/clang        another compiler, another place
#   V=1                               show each command

VERSION := 0.1

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---- where and with what -----------------------------------------------------

OBSERVE ?= 1
BUILD   ?= build$(if $(filter 0,$(OBSERVE)),/plain)$(if $(TICKS),/ticks)

ifeq ($(OS),Windows_NT)
  ifeq ($(origin CC),default)
    CC := $(if $(findstring CLANG,$(MSYSTEM)),clang,gcc)
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
                  WINEPREFIX='$(PREFIX)' sh bench/scripts/with_wine.sh
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
          -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
CFLAGS   ?= -O2 -g
INCLUDES := -Icommon -Icommon/seam
DEFINES  := -D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN \
            -D_CRT_SECURE_NO_WARNINGS -D__USE_MINGW_ANSI_STDIO=1 \
            -DOBSERVE=$(OBSERVE) -DVERSION='"$(VERSION)"' $(INCLUDES)
LDFLAGS  ?= -static
LDLIBS   := -lws2_32 -lmswsock -lpsapi -lpowrprof -luser32
COMPILE  := $(CC) -std=c11 $(STRICT) $(DEFINES) $(CPPFLAGS) $(CFLAGS)
TICKED   := $(addprefix -Xlinker --wrap=__imp_,Sleep $(shell sed -n \
            's/^WRAP.[A-Za-z]*, \([A-Za-z0-9]*\),.*/\1/p' \
            bench/ticks.c))
LINK     := $(CC) $(CFLAGS) $(LDFLAGS) $(if $(TICKS),$(TICKED))

# `make -j2 check` says how many jobs; without -j, parts that gain take JOBS.
PARALLEL = $(MAKE) --no-print-directory \
           $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
# `make deps bench` installs before it builds, also with -j.
FIRST := $(filter deps,$(MAKECMDGOALS))
SCRIPT = sh bench/scripts/$(1).sh

# ---- programs ----------------------------------------------------------------

CHAPTERS := 01_blocking 02_nonblocking 03_overlapped_event 04_overlapped_apc \
            05_iocp
COMMON   := $(patsubst %,common/%.c,acceptor clock ledger net options report \
            roster seam/observe server stop utf8) $(if $(TICKS),bench/ticks.c)
PURE     := $(wildcard bench/result/*.c bench/report/*.c)

# $(call say,CC,FILE) prints one short line in place of a long command.
Q   := $(if $(V),,@)
say = $(if $(V),,@$(if $(BUG),:,echo) '  $(1)  $(2)') # a riddle has no name
quote = '$(subst ','\'',$(1))'
number = $(firstword $(subst _, ,$(1)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SERVERS  := $(CHAPTERS:%=$(BUILD)/%.exe)
LABS     := $(foreach c,$(CHAPTERS),$(BUILD)/labs_$(call number,$(c)).exe)
PROGRAMS := $(SERVERS) $(BUILD)/client.exe $(BUILD)/check.exe \
            $(BUILD)/bench.exe $(BUILD)/kit.exe

all: $(PROGRAMS) ## build everything into build/

$(SERVERS): $(BUILD)/%.exe: $(BUILD)/obj/%/server.o $(call objects,$(COMMON))
$(BUILD)/client.exe: $(call objects,common/client.c $(COMMON))
$(BUILD)/check.exe: $(call objects,bench/check.c $(wildcard bench/cases/*.c) \
    $(COMMON) $(patsubst %,bench/%.c,run/connect run/load run/process run/wine \
    result/histogram result/statistics))
$(BUILD)/kit.exe: $(call objects,$(patsubst %,bench/%.c,kit report/escape \
    report/out $(addprefix run/,connect environment process progress wine)) \
    $(COMMON))
$(BUILD)/bench.exe: $(call objects,bench/bench.c $(PURE) $(wildcard \
    bench/run/*.c) $(COMMON))
# NN_name/labs.c: what courses claim of a model, put to the test.
$(foreach c,$(CHAPTERS),$(eval $(BUILD)/labs_$(call number,$(c)).exe: $(call \
    objects,$(c)/labs.c common/lab.c $(COMMON))))

# The commit goes into the reports: only environment.c is compiled with it, and
# again when it changes.
COMMIT := $(shell git describe --always --dirty --abbrev=10 2>/dev/null || \
          echo n/a)
$(BUILD)/obj/bench/run/environment.o: $(BUILD)/commit
$(BUILD)/obj/bench/run/environment.o: private COMPILE := $(COMPILE) \
    -DCOMMIT='"$(COMMIT)"'

# -MMD -MP: the compiler writes down which headers an object depends on.
define compile
	@mkdir -p $(@D)
	$(call say,cc,$@)
	$(Q)$(COMPILE) $(1) -MMD -MP -c -o $@ $(filter %.c,$^)
endef
$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	$(call compile)

# Files that hold the commit, and the command that objects are compiled with.
# Written only when that changes, and then all that needs it is made again.
$(BUILD)/commit: CONTENT := $(COMMIT)
$(BUILD)/flags: CONTENT := $(COMPILE) $(LINK)
$(BUILD)/commit $(BUILD)/flags: FORCE | $(FIRST)
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) >/dev/null || { \
	    echo '$(firstword $(CC)) is not here; see `make deps`' >&2; exit 1; }
	@printf '%s\n' $(call quote,$(CONTENT)) | cmp -s - $@ || \
	    printf '%s\n' $(call quote,$(CONTENT)) >$@

# ---- minimal.c, other programs, and patches to server.c ----------------------

# NN_name/KIND/X.patch makes $(BUILD)/KIND/NN_name_X.exe; kinds are bugs (the
# museum: each a mistake), forms (each another way) and solutions of exercises.
# The programs of one page, NN_name/minimal.c and NN_name/forms/X.c, make
# $(BUILD)/forms/NN_name_minimal.exe and $(BUILD)/forms/NN_name_X.exe; those in
# NN_name/solutions are made likewise, in $(BUILD)/solutions.
PATCHES  := $(wildcard $(foreach kind,bugs forms solutions, \
            $(CHAPTERS:%=%/$(kind)/*.patch)))
ONE_PAGE := $(wildcard $(CHAPTERS:%=%/minimal.c) $(foreach kind,forms \
            solutions,$(CHAPTERS:%=%/$(kind)/*.c)))
split    = $(subst /, ,$(basename $(1)))
# What is made of a source, without its ending.
chapter  = $(firstword $(split))
made     = $(BUILD)/$(or $(filter bugs \
           solutions,$(split)),forms)/$(chapter)_$(lastword $(split))
PAGES    := $(foreach s,$(ONE_PAGE),$(call made,$(s)))
PATCHED  := $(foreach s,$(PATCHES),$(call made,$(s)))
FORMS    := $(PAGES:=.exe) $(filter $(BUILD)/forms/%,$(PATCHED:=.exe))

forms: $(FORMS) ## build minimal.c and the other forms of each chapter

# Compiled as its first comment says, but nothing is overlooked; and with the
# seam, of which it knows nothing. The ladder counts the lines of the patch.
$(foreach s,$(ONE_PAGE),$(eval $(call made,$(s)).o: $(s)))
$(PAGES:=.o): $(BUILD)/flags
	@rm -f $(@:.o=.exe) # an old one must not be taken for what does not compile
	@$(CC) -std=c11 $(STRICT) $(CFLAGS) -fsyntax-only $(filter %.c,$^)
	$(call compile,-include common/program.h)
	@diff -u $(call chapter,$(filter %.c,$^))/minimal.c $(filter %.c,$^) \
	    >$(@:.o=.patch) || :

$(foreach s,$(PATCHES),$(eval $(call made,$(s)).c: $(s) $(call \
    chapter,$(s))/server.c))
$(PATCHED:=.c):
	@mkdir -p $(@D)
	@cp $(filter %.c,$^) $@
	@cp $(filter %.patch,$^) $(@:.c=.patch)
	@patch $@ $(filter %.patch,$^) </dev/null >/dev/null 2>&1; status=$$?; \
	    rm -f $@.orig $@.rej; [ $$status -eq 0 ] || { \
	    echo '$(filter %.patch,$^) does not apply any more: make its change' \
	    'by hand, and put the new diff under the old header' >&2; exit 1; }
$(PATCHED:=.o) $(BUILD)/riddle.o: %.o: %.c $(BUILD)/flags
	$(call compile)

$(BUILD)/riddle.c:
	@echo 'no riddle was started; `make run-01 BUG=A` starts one' >&2; exit 2

$(PAGES:=.exe): %.exe: %.o $(call objects,common/program.c $(COMMON))
$(PATCHED:=.exe) $(BUILD)/riddle.exe: %.exe: %.o $(call objects,$(COMMON))
$(PROGRAMS) $(LABS) $(PAGES:=.exe) $(PATCHED:=.exe) $(BUILD)/riddle.exe: \
    $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS) || { [ ! -e $@ ] || \
	    echo '$@ cannot be written while it runs: stop it, make again' >&2; \
	    exit 1; }

SOURCES := $(filter-out build/%,$(sort $(wildcard */*.c */forms/*.c \
           */solutions/*.c common/seam/*.c bench/*/*.c)))
HEADERS := $(wildcard */*.h common/seam/*.h bench/*/*.h)
OBJECTS := $(call objects,$(filter-out bench/tests/%,$(SOURCES)))
objects: $(OBJECTS)
-include $(OBJECTS:.o=.d) $(PAGES:=.d) $(PATCHED:=.d)

# ---- run ---------------------------------------------------------------------

deps: ## install what is missing (Debian, Ubuntu; elsewhere: say what)
	@$(call SCRIPT,deps)

# A server or the client from a terminal: `make run-04 ARGS="--port 7"`, and
# `make run-02 FORM=minimal` or FORM=spin for minimal.c or one of forms/,
# BUG=A for one of bugs/, a riddle whose source is put into build/riddle.c (what
# is changed there, `make build/riddle.exe` compiles),
# SOLUTION= for one of solutions/.
KIND := $(if $(FORM),forms,$(if $(BUG),bugs,$(if $(SOLUTION),solutions)))
RUNS := run-01 run-02 run-03 run-04 run-05
riddles = $(join A/ B/ C/ D/ E/ F/ G/ H/ I/ J/ K/ L/,$(basename $(notdir \
          $(sort $(wildcard $(1)/bugs/*.patch)))))
NAME  = $(or $(FORM),$(SOLUTION),$(notdir $(filter $(BUG)/%,$(call \
        riddles,$(1)))),$(BUG))
$(foreach c,$(CHAPTERS),$(eval run-$(call number,$(c)): \
    $(BUILD)/$(if $(KIND),$(KIND)/)$(c)$(if $(KIND),_$(call NAME,$(c))).exe))
$(RUNS): ## start a server; FORM=minimal: another form of it
	@$(if $(BUG),cp $(patsubst %.exe,%.c,$(filter %.exe,$^)) $(BUILD)/riddle.c; \
	    cp $(filter %.exe,$^) $(BUILD)/riddle.exe)
	@$(WITH_WINE) $(WINE) $(if $(BUG),$(BUILD)/riddle.exe,$(filter %.exe,$^)) \
	    $(ARGS)
$(BUILD)/forms/%.exe $(BUILD)/bugs/%.exe $(BUILD)/solutions/%.exe:
	@echo 'there is no $*; in $(KIND)/ there are:' $(foreach c,$(CHAPTERS),$(if \
	    $(filter $(c)_%,$*),$(basename $(notdir $(wildcard \
	    $(c)/$(KIND)/*))) $(FORM:%=minimal))) >&2; exit 2
client: $(BUILD)/client.exe ## start the client
	@$(WITH_WINE) $(WINE) $< $(ARGS)
LAB_RUNS := $(LABS:$(BUILD)/labs_%.exe=lab-%)
labs: $(LAB_RUNS) ## what courses claim, measured; lab-04: of one chapter
$(LAB_RUNS): lab-%: $(BUILD)/labs_%.exe
	@$(WITH_WINE) $(WINE) $< $(if $(CLAIM),--only $(CLAIM)) $(ARGS)

# What `make bench` leaves: a page to look at, and the figures behind it.
EXPORTS = --export-html $(BUILD)/report.html --export-json $(BUILD)/report.json
BENCH   = $(WITH_WINE) $(WINE) $(BUILD)/bench.exe
bench: all ## measure all five side by side; writes build/report.html
	@$(BENCH) $(EXPORTS) $(ARGS)
last-run: all ## the same into bench/last_run.txt, and into the texts
	@$(BENCH) $(ARGS) >$(BUILD)/last_run
	@{ echo "Run on $$(date +%F) with commit $(COMMIT)."; echo; \
	    tr -d '\r' <$(BUILD)/last_run; } >bench/last_run.txt
	@$(call SCRIPT,write_texts) README.md bench/README.md
bench-full: all ## the same with every scenario: about 8 minutes
	@$(BENCH) --scenario all $(EXPORTS) $(ARGS)
ladder: all forms ## one trick after the other: `make ladder SERVER=05`
	@$(BENCH) ladder $(or $(SERVER),05) $(EXPORTS) $(ARGS)
# The committed servers are built from a copy of their sources in build/ab.
ab: all ## what did my change do? committed against now: `make ab SERVER=05`
	@command -v git >/dev/null || { echo 'this takes git' >&2; exit 1; }
	@rm -rf $(BUILD)/ab; mkdir -p $(BUILD)/ab
	@git archive HEAD Makefile common $(CHAPTERS) bench | tar -x -C $(BUILD)/ab
	+@$(PARALLEL) -C $(BUILD)/ab BUILD=build $(CHAPTERS:%=build/%.exe)
	@$(BENCH) ab $(BUILD)/ab/build $(if $(SERVER),--servers $(SERVER)) \
	    $(EXPORTS) $(ARGS)
field-report: all forms $(LABS) ## all that this machine can tell, one page
	@$(WITH_WINE) $(WINE) $(BUILD)/kit.exe $(or $(ARGS),long) --into $(BUILD)
bench-seam: all ## show what the seam costs: built with and without
	+@$(PARALLEL) OBSERVE=0 BUILD=$(BUILD)/plain all
	@$(BENCH) seam $(BUILD)/plain $(ARGS)
figures: all ## draw the timelines of the chapters anew from real runs
	@mkdir -p $(BUILD)/figures $(CHAPTERS:%=%/figures) common/figures
	@$(BENCH) trace $(BUILD)/figures
	@for chapter in $(CHAPTERS); do \
	    cp $(BUILD)/figures/$${chapter%%_*}_timeline.svg \
	    $$chapter/figures/timeline.svg || exit 1; done
	@cp $(BUILD)/figures/one_echo.svg common/figures/

# For x86 and ARM64 where clang finds libraries, which is tried. libgcc is that
# of Debian's gcc for this processor.
dist: all forms $(LABS) ## a zip with run.cmd, for who has no compiler
	@BUILD=$(BUILD) CC=$(call quote,$(CC)) VERSION=$(VERSION) \
	    $(call SCRIPT,dist) $(PROGRAMS) $(LABS) $(FORMS)
	+@echo 'int main(void) { return 0; }' >$(BUILD)/links.c; \
	for to in $(CLANG_FOR); do \
	    libgcc=$$($$to-w64-mingw32-gcc -print-libgcc-file-name 2>/dev/null); \
	    flags="-static -L$$(dirname "$$libgcc")"; \
	    $(call CLANG_TO,$$to) $$flags -o $(BUILD)/links.out \
	        $(BUILD)/links.c $(LDLIBS) 2>$(BUILD)/links.log || { \
	        echo "no zip for $$to: clang finds no libraries"; continue; }; \
	    $(PARALLEL) BUILD=$(BUILD)/$$to CC="$(call CLANG_TO,$$to)" \
	        LDFLAGS="$$flags" CLANG_FOR= dist || exit 1; \
	done

# ---- texts -------------------------------------------------------------------

TEXTS := README.md $(wildcard 0*/*.md common/*.md bench/*.md)
texts: $(BUILD)/claims ## write into the texts what stands in the sources
	@CLAIMS=$< $(call SCRIPT,write_texts) $(TEXTS)
$(BUILD)/claims: $(LABS)
	@for lab in $(LABS); do $(WITH_WINE) $(WINE) $$lab --table || exit 1; \
	    done >$@.new && tr -d '\r' <$@.new >$@

# ---- check -------------------------------------------------------------------

# These compute, and run beside the others, which mostly wait.
BESIDE := check-native check-steps check-page check-clang check-cl
PARTS  := check-busybox check-labs check-texts check-kit check-servers \
          check-bugs check-solutions

ifeq ($(CASE)$(SERVER),)
check: $(FIRST) ## test everything; CASE=... SERVER=...: only that, see above
	+@MAKE=$(call quote,$(PARALLEL)) $(WITH_WINE) $(call SCRIPT,check_all) \
	    $(BESIDE) -- $(PARTS)
else
check: check-servers
endif

check-page: ## the report's page in headless Chromium
	@$(call SCRIPT,check_page)
check-steps: ## sources and texts say the same
	@$(call SCRIPT,check_steps) $(CHAPTERS)
check-busybox: all forms ## make and the scripts with busybox, as in w64devkit
	+@MAKE=$(call quote,$(PARALLEL)) CC=$(call quote,$(CC)) BUILD=$(BUILD) \
	    $(call SCRIPT,check_busybox)
check-cl: ## the command lines for Microsoft's compiler; without it, by gcc
	@CC=$(call quote,$(CC)) BUILD=$(BUILD) $(call SCRIPT,check_cl)
check-labs: $(BUILD)/claims $(BUILD)/finding ## every claim gets its verdict
	@CLAIMS=$< $(WITH_WINE) $(call SCRIPT,check_programs) $(LABS) \
	    'sh bench/scripts/write_texts.sh --check common/claims.md' \
	    'grep -q you.said.5:.right $(BUILD)/predicted' \
	    'grep -q you.said.4:.not.so,.it.was.5 $(BUILD)/predicted' \
	    'grep -q ^read.again,.*:.4.3 $(BUILD)/predicted' \
	    $(if $(WINE),'grep -q ^finding:.5.4:.*holds;.came: $(BUILD)/finding')
# No Wine does what is expected on Windows of claim 5.4.
$(BUILD)/finding: $(BUILD)/labs_05.exe
	@$(WITH_WINE) $(WINE) $< --only 5.4 --as-windows >$@
# What a reader answers: a word that is none, and then right, and wrong.
check-labs: $(BUILD)/predicted
$(BUILD)/predicted: $(BUILD)/labs_04.exe
	@for said in 5 4; do printf 'x\n%s\n' $$said | $(WITH_WINE) $(WINE) $< \
	    --only 4.3 --predict || exit 1; done >$@.new && mv $@.new $@
check-texts: all forms $(LABS) ## commands in the texts print what they say
	@$(WITH_WINE) $(call SCRIPT,check_texts) README.md $(CHAPTERS:%=%/README.md)

check-kit: dist ## the zip, unpacked and used as on a bare Windows
	@BUILD=$(BUILD) CC=$(call quote,$(CC)) $(WITH_WINE) $(call SCRIPT,check_kit)

# With clang everything a second time; and for the processors of 32-bit Windows
# and of Windows on ARM as far as the linker.
check-clang: ## build everything with clang, for x64, x86 and ARM64
	+@command -v clang >/dev/null || { \
	    echo '0 passed, 0 failed, 1 skipped: no clang'; exit; }; \
	$(call SCRIPT,check_programs) $(foreach to,x64 $(CLANG_FOR), \
	    '$(PARALLEL) -k clang-$(to) $(if $(WITH_WINE),WERROR=1)')
clang-x64:
	+@$(PARALLEL) BUILD=$(BUILD)/clang CC=$(call quote,$(CLANG_CC)) \
	    LDFLAGS='-static $(CLANG_LIBDIR)' all forms $(subst \
	    $(BUILD),$(BUILD)/clang,$(LABS))
$(CLANG_FOR:%=clang-%): clang-%:
	+@$(PARALLEL) BUILD=$(BUILD)/$* CC=$(call quote,$(call CLANG_TO,$*)) objects

# All of it in two series at once; what was chosen, one case after the other.
check-servers: all ## the conformance suite alone; CASE=, SERVER=
ifeq ($(strip $(CASE)$(SERVER)$(ARGS)),)
	+@$(PARALLEL) forms
	@BUILD=$(BUILD) $(WITH_WINE) $(call SCRIPT,check_servers)
else
	+@$(PARALLEL) -k forms >$(BUILD)/forms.log 2>&1 || { only='--forms default'; \
	    echo 'the forms do not fit the changed server.c, and are left out'; }; \
	$(WITH_WINE) $(WINE) $(BUILD)/check.exe $(if $(SERVER),--server $(SERVER)) \
	    $(if $(CASE),--case $(CASE)) $$only $(ARGS)
endif
soak: all ## hostile and good clients: `make soak MINUTES=30 SERVER=05`
	@$(WITH_WINE) $(WINE) $(BUILD)/check.exe --soak $(or $(MINUTES),5) \
	    $(if $(SERVER),--server $(SERVER)) $(ARGS)
faults: ## each call of each server fails once: some minutes; SERVER=NN
	+@$(PARALLEL) CASE=every_call_all check-servers

check-bugs: all ## every server of the bug museum must be caught
check-solutions: all ## every solution of an exercise must be right
check-bugs check-solutions: check-%:
	+@MAKE=$(call quote,$(PARALLEL)) BUILD=$(BUILD) $(WITH_WINE) \
	    $(call SCRIPT,check_mistakes) $(wildcard $(CHAPTERS:%=%/$*/*.patch))
mutants: $(call objects,common/program.c)
mutants: all ## small mistakes, each to be seen by its case; ONLY=name
	@COMPILE=$(call quote,$(COMPILE)) LINK=$(call quote,$(LINK)) \
	    LDLIBS='$(LDLIBS)' OBJECTS='$(call objects,$(COMMON))' \
	    BUILD=$(BUILD) ONLY=$(ONLY) FOR=$(SERVER) JOBS=$(JOBS) \
	    $(WITH_WINE) $(call SCRIPT,check_mistakes) $(wildcard bench/mutants/*.txt)
WITNESS ?= check-labs check-servers
check-wine10: all ## labs and suite with Wine 10, which differs from Wine 8
	+@$(call SCRIPT,wine10) --set-up || { echo '0 passed, 0 failed, 1 skipped' && \
	    exit; }; WINE='sh bench/scripts/wine10.sh' PREFIX=build/prefix-wine10 \
	    WINESERVER='sh bench/scripts/wine10.sh --server' \
	    MAKE=$(call quote,$(PARALLEL)) \
	    $(call SCRIPT,check_all) -- $(WITNESS)

# Unit tests: bench/tests/test_NAME.c, built for the system that make runs on.
TESTS  := $(patsubst bench/tests/%.c,$(BUILD)/native/%$(if $(filter \
          Windows_NT,$(OS)),.exe),$(wildcard bench/tests/test_*.c))
NATIVE := $(NATIVE_CC) -std=c11 $(STRICT) -g -O1 $(SANITIZE) \
          -DVERSION='"$(VERSION)"' $(INCLUDES) -Ibench
native  = $(patsubst %.c,$(BUILD)/native/obj/%.o,$(1))

check-native: $(TESTS) ## unit tests of what needs no Windows, with sanitizers
	@$(call SCRIPT,check_programs) $(TESTS)
$(foreach t,$(TESTS),$(eval \
    $(t): $(call native,bench/tests/$(basename $(notdir $(t))).c)))
$(TESTS): $(call native,common/options.c $(PURE))
	$(call say,link,$@)
	$(Q)$(NATIVE) -o $@ $^ -lm
$(BUILD)/native/obj/%.o: %.c Makefile | $(FIRST)
	@mkdir -p $(@D)
	$(call say,cc,$@)
	$(Q)$(NATIVE) -MMD -MP -c -o $@ $<
-include $(patsubst %.o,%.d,$(call native,common/options.c $(PURE) \
    $(wildcard bench/tests/*.c)))

# ---- lint --------------------------------------------------------------------

# One stamp for each file that all tools found clean; -k: report every file.
lint: ## clang-format, clang-tidy, cppcheck, gcc's analyser; finds nothing
	+@$(PARALLEL) -k lint-files
lint-files: $(patsubst %,$(BUILD)/lint/%.ok,$(SOURCES) $(HEADERS) scripts)
	@echo 'lint: nothing found in $(words $(SOURCES) $(HEADERS)) files'

$(BUILD)/lint/%.h.ok: %.h .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $<
	@touch $@

# The analyser runs within an ordinary compilation and needs -O2 to see far.
$(BUILD)/lint/%.c.ok: %.c .clang-format .clang-tidy Makefile
	@mkdir -p $(@D)
	@echo '  lint  $<'
	@clang-format --dry-run -Werror $<
	@$(COMPILE) -Werror -Ibench -fanalyzer -MMD -MP -MF $(BUILD)/lint/$*.d -MT $@ \
	    -c -o $(BUILD)/lint/$*.o $<
	@cppcheck --quiet --error-exitcode=1 --std=c11 --platform=win64 \
	    --library=windows,./.cppcheck.cfg \
	    --enable=warning,performance,portability \
	    --inline-suppr -D_WIN32 $(DEFINES) -Ibench $<
	@clang-tidy --quiet --warnings-as-errors='*' $< -- -std=c11 \
	    --target=x86_64-w64-mingw32 $(DEFINES) -Ibench 2>$(BUILD)/lint/$*.log \
	    || { grep -v 'warnings generated' $(BUILD)/lint/$*.log; exit 1; }
	@touch $@
-include $(SOURCES:%.c=$(BUILD)/lint/%.d)

$(BUILD)/lint/scripts.ok: $(wildcard bench/scripts/*.sh) .ci/run
	@mkdir -p $(@D)
	@shellcheck $^
	@touch $@
format: ## let clang-format rewrite all sources
	clang-format -i $(SOURCES) $(HEADERS)

# ---- the rest ----------------------------------------------------------------

clean: ## delete build/
	rm -rf build
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z].*:.*## / { printf "  %-15s %s\n", $$1, $$2 } \
	    /^\$$\(RUNS\).*## / { printf "  %-15s %s\n", "run-01 to 05", $$2 }' \
	    Makefile
# Whatever is no file.
.PHONY: FORCE all forms objects deps $(RUNS) client labs $(LAB_RUNS) \
    bench last-run bench-full ladder ab field-report dist bench-seam figures \
    texts check $(BESIDE) $(PARTS) clang-x64 $(CLANG_FOR:%=clang-%) soak \
    faults mutants check-wine10 lint lint-files format clean help
