// What the sanitizers' run-time must know about this program. ASAN_OPTIONS in the environment goes before it.

// allow_user_poisoning=0: LLVM's arenas (BumpPtrAllocator) mark what they have not handed out yet. The half of that
// code in our files is instrumented and marks, the half inside libLLVM and libMLIR is not and does not unmark what it
// hands out: memory that we then read would count as poisoned.
// abort_on_error=1: a finding is a crash; with exit code 1 it would pass for a refusal, which many tests expect.
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0:abort_on_error=1"; }

extern "C" const char *__ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }
