// A child process for code that may die or run away.
//
// The ONNX library takes what a file says at its word: it recurses as deep as a graph nests, makes as many dimensions
// as a tensor has elements, and reads past the end of what is empty. Three ways to survive that were weighed.
//
//   A handler that jumps out of SIGSEGV leaves locks held and the heap torn; a host that embeds the compiler would die
//   later. A helper program, found and started for each model, is the cleanest of all, but is one more file that a
//   Python wheel and a plugin of ONNX Runtime must find beside themselves. A forked child needs no file, sees the
//   model and the options as they are, and ends without a trace: this is what is done here.
//
// After a fork only one thread is left, and a lock that another one held is held forever. glibc renews those of its
// heap; the library has none once its registry is filled, which the parent sees to (see onnxSchemas()); ours are not
// held across the fork. Should the child wait for a lock after all, the time limit ends it. The child never returns
// into the host's code: it writes to a pipe and ends with _exit, so no buffer is flushed twice and no destructor runs.
//
// Cost, for a model of 20,000 nodes: see docs/rationale/onnx.md.
#include "Isolation.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#if defined(__unix__)
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#endif

// Sanitizers reserve terabytes and report on standard error.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WAFER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WAFER_SANITIZED 1
#endif
#endif

using namespace wafer;
using namespace wafer::frontend;

void WorkStep::enter(std::string_view step) {
  size_t length = std::min(step.size(), size - 1);
  std::memcpy(text, step.data(), length);
  text[length] = '\0';
}

static std::string runHere(const std::function<std::string(WorkStep &)> &work) {
  std::vector<char> text(WorkStep::size);
  WorkStep step(text.data());
  return work(step);
}

#if defined(__unix__)

namespace {

/// Memory that parent and child share, for the step.
class SharedText {
public:
  SharedText() {
    void *page = mmap(nullptr, WorkStep::size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
      text = static_cast<char *>(page);
  }
  ~SharedText() {
    if (text)
      munmap(text, WorkStep::size);
  }
  SharedText(const SharedText &) = delete;
  SharedText &operator=(const SharedText &) = delete;
  std::string read() const { return std::string(text, strnlen(text, WorkStep::size)); }
  char *text = nullptr;
};

/// Bytes of data that this process has mapped so far: VmData, in the unit of RLIMIT_DATA.
int64_t dataBytes() {
  int64_t pages = 0;
  if (FILE *file = std::fopen("/proc/self/statm", "re")) {
    long long total, resident, shared, text, library, data;
    if (std::fscanf(file, "%lld %lld %lld %lld %lld %lld", &total, &resident, &shared, &text, &library, &data) == 6)
      pages = data;
    std::fclose(file);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

void lowerLimit(int resource, int64_t value) {
  struct rlimit limit;
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0)
    return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(value));
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, limit.rlim_cur + 1);
  setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

bool writeAll(int fd, const void *data, size_t size) {
  const char *at = static_cast<const char *>(data);
  while (size) {
    ssize_t done = write(fd, at, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    at += done;
    size -= static_cast<size_t>(done);
  }
  return true;
}

[[noreturn]] void runChild(int pipe, pid_t parent, const IsolationLimits &limits, int64_t usedBytes,
                           const std::function<std::string(WorkStep &)> &work, WorkStep step) {
#if defined(__linux__)
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(1);
#endif
  // The host's handlers speak of the host's faults.
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGTERM, SIGINT, SIGALRM, SIGPIPE})
    std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  lowerLimit(RLIMIT_CORE, 0);
  lowerLimit(RLIMIT_CPU, limits.seconds);
#ifndef WAFER_SANITIZED
  lowerLimit(RLIMIT_DATA, usedBytes + limits.bytes);
  // What the library and the heap say when they die is said by the parent, with a code.
  if (int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0)
    dup2(null, STDERR_FILENO);
#else
  (void)usedBytes;
#endif
  std::string result = work(step);
  uint64_t size = result.size();
  bool sent = writeAll(pipe, &size, sizeof(size)) && writeAll(pipe, result.data(), result.size());
  _exit(sent ? 0 : 1);
}

/// What the child sent. `complete` is false if it ended before it had said all; `late` if it ran out of wall time.
struct Received {
  std::string bytes;
  bool complete = false;
  bool late = false;
};

Received receive(int fd, int64_t seconds) {
  using Clock = std::chrono::steady_clock;
  auto deadline = Clock::now() + std::chrono::seconds(seconds);
  Received result;
  uint64_t size = 0;
  size_t got = 0; // with the size in front
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      result.late = true;
      return result;
    }
    struct pollfd wait = {fd, POLLIN, 0};
    int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000)));
    if (ready < 0 && errno != EINTR)
      return result;
    if (ready <= 0)
      continue;
    char *into = got < sizeof(size) ? reinterpret_cast<char *>(&size) + got : result.bytes.data() + got - sizeof(size);
    size_t room = got < sizeof(size) ? sizeof(size) - got : result.bytes.size() + sizeof(size) - got;
    ssize_t done = read(fd, into, room);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return result;
    got += static_cast<size_t>(done);
    if (got == sizeof(size))
      result.bytes.resize(size);
    if (got >= sizeof(size) && got == size + sizeof(size)) {
      result.complete = true;
      return result;
    }
  }
}

Diagnostic describeDeath(int status, bool late, const IsolationLimits &limits, const std::string &step) {
  std::string where = step.empty() ? "" : " at " + step;
  bool killed = WIFSIGNALED(status);
  if (late || (killed && WTERMSIG(status) == SIGXCPU))
    return {ErrorCode::LibraryLimit,
            "reading the model takes more than " + std::to_string(limits.seconds) +
                " s of processor time; it was stopped" + where,
            "simplify that part of the model, or compile with --isolation off, which sets no limit"};
  std::string how = "ended";
  if (killed) {
    const char *name = sigabbrev_np(WTERMSIG(status));
    how = "crashed with " + (name ? "SIG" + std::string(name) : "signal " + std::to_string(WTERMSIG(status)));
  }
  return {ErrorCode::LibraryCrashed, "the ONNX library " + how + where,
          "change or remove that part of the model; 'python -m onnx.bin.checker' may say more"};
}

} // namespace

Result<std::string> frontend::runIsolated(const IsolationLimits &limits,
                                          const std::function<std::string(WorkStep &)> &work) {
  SharedText shared;
  if (!shared.text)
    return runHere(work);
  int64_t usedBytes = dataBytes();
  int ends[2];
  pid_t parent = getpid(), child = -1;
  {
    // A child that another thread forks in between would hold this pipe open.
    static std::mutex forking;
    std::lock_guard<std::mutex> lock(forking);
    if (pipe2(ends, O_CLOEXEC) != 0)
      return runHere(work);
    child = fork();
    if (child == 0) {
      close(ends[0]);
      runChild(ends[1], parent, limits, usedBytes, work, WorkStep(shared.text));
    }
    close(ends[1]);
  }
  if (child < 0) {
    close(ends[0]);
    return runHere(work);
  }
  // A child that waits for something uses no processor time; a loaded machine gives little of it.
  Received received = receive(ends[0], 10 * limits.seconds);
  close(ends[0]);
  if (!received.complete)
    kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) { // a host that reaps all children itself
      status = 0;
      break;
    }
  if (received.complete)
    return std::move(received.bytes);
  return describeDeath(status, received.late, limits, shared.read());
}

#else

Result<std::string> frontend::runIsolated(const IsolationLimits &, const std::function<std::string(WorkStep &)> &work) {
  return runHere(work);
}

#endif
