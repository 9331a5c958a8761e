// A child process for code that may die or run away.
//
// The ONNX library takes what a file says at its word: it recurses as deep as a graph nests, makes as many dimensions
// as a tensor has elements, and reads past the end of what is empty. Three ways to survive that were weighed.
//
//   A handler that jumps out of SIGSEGV leaves locks held and the heap torn; a host that embeds the compiler would die
//   later. A helper program, found and started for each model, is the cleanest of all, but is one more file that a
//   Python wheel and a plugin of ONNX Runtime must find beside themselves. A forked child needs no file and ends
//   without a trace: this is what is done here.
//
// After a fork only one thread is left, and a lock that another one held is held forever. glibc renews those of its
// heap; the library has none once its registry is filled, which the parent sees to (see onnxSchemas()); ours are not
// held across the fork. Should the child wait for a lock after all, the time limit ends it. The child never returns
// into the host's code: it answers over a socket and ends with _exit, so no buffer is flushed twice and no destructor
// runs.
//
// To fork a Python process takes as long as to compile a small model: its page tables are copied, and every page that
// it writes afterwards. So a child that has answered waits for the next request, for a second. Requests are bytes and
// say all there is to know, as the child's memory is that of the time of the fork. While it waits it holds nothing of
// the host's: all other files are closed, so that pipes end and ports are free when the host says so. It ends when
// nothing comes, or when the host does, even in the middle of its work: the socket tells it. Children of large
// processes are not kept, because the host's pages would be.
//
// Cost, for small models and one of 20,000 nodes: see docs/rationale/onnx.md.
#include "Isolation.h"

#include "wafer/Support/ForkSafeMutex.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#if defined(__unix__)
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
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

static std::string runHere(Work work, const std::string &request) {
  std::vector<char> text(WorkStep::size);
  WorkStep step(text.data());
  return work(request, step);
}

#if defined(__unix__)

namespace {

/// How long a child waits for the next request.
constexpr int kIdleMilliseconds = 1000;

/// Of children that wait. More are at work only while as many threads compile.
constexpr size_t kMostIdle = 4;

/// A process with more memory of its own than this is copied anew for each request.
constexpr int64_t kMostKeptBytes = int64_t(512) << 20;

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

/// Of this process, in bytes: what it has that no other has as well, and the data it has mapped so far (VmData, in the
/// unit of RLIMIT_DATA).
struct MemoryUse {
  int64_t own = 0, data = 0;
};
MemoryUse memoryUse() {
  MemoryUse use;
  if (FILE *file = std::fopen("/proc/self/statm", "re")) {
    long long total, resident, shared, text, library, data;
    if (std::fscanf(file, "%lld %lld %lld %lld %lld %lld", &total, &resident, &shared, &text, &library, &data) == 6)
      use = {(resident - shared) * sysconf(_SC_PAGESIZE), data * sysconf(_SC_PAGESIZE)};
    std::fclose(file);
  }
  return use;
}

/// A limit of this process, lowered again and again, but never above what the host has.
class Limit {
public:
  explicit Limit(decltype(RLIMIT_CPU) resource) : resource(resource) { valid = getrlimit(resource, &host) == 0; }
  void lowerTo(int64_t value) const {
    struct rlimit lowered = host;
    lowered.rlim_cur = std::min<rlim_t>(host.rlim_cur, static_cast<rlim_t>(value));
    if (valid)
      setrlimit(resource, &lowered);
  }

private:
  decltype(RLIMIT_CPU) resource;
  struct rlimit host{};
  bool valid;
};

/// Whole seconds of processor time that this process has used, or begun.
int64_t usedSeconds() {
  struct rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const int64_t microseconds = used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (microseconds + 999'999) / 1'000'000;
}

/// Transfers `size` bytes, some by each call of `some`; false if the other side is gone.
template <typename Byte, typename Some> bool transferAll(Byte *at, size_t size, const Some &some) {
  while (size) {
    ssize_t done = some(at, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    at += done;
    size -= static_cast<size_t>(done);
  }
  return true;
}

bool sendAll(int socket, const void *data, size_t size) {
  return transferAll(static_cast<const char *>(data), size,
                     [socket](const char *at, size_t left) { return send(socket, at, left, MSG_NOSIGNAL); });
}

bool receiveAll(int socket, void *data, size_t size) {
  return transferAll(static_cast<char *>(data), size,
                     [socket](char *at, size_t left) { return recv(socket, at, left, 0); });
}

/// What goes before the bytes of a request.
struct RequestHeader {
  IsolationLimits limits;
  uint64_t folderBytes, bytes;
};

bool sendRequest(int socket, const IsolationLimits &limits, const std::string &request) {
  // Relative paths are the host's, which may have gone elsewhere.
  std::error_code failed;
  const std::string folder = std::filesystem::current_path(failed).string();
  const RequestHeader header{limits, folder.size(), request.size()};
  return sendAll(socket, &header, sizeof(header)) && sendAll(socket, folder.data(), folder.size()) &&
         sendAll(socket, request.data(), request.size());
}

/// While this lives, the end of the host ends the process: SIGIO does, which the socket sends when its other end is
/// closed. The host neither sends nor receives meanwhile.
class EndsWithHost {
public:
  explicit EndsWithHost(int socket) : socket(socket), flags(fcntl(socket, F_GETFL)) {
    fcntl(socket, F_SETOWN, getpid());
    fcntl(socket, F_SETFL, flags | O_ASYNC);
  }
  ~EndsWithHost() { fcntl(socket, F_SETFL, flags); }
  EndsWithHost(const EndsWithHost &) = delete;
  EndsWithHost &operator=(const EndsWithHost &) = delete;

private:
  int socket, flags;
};

void serve(int socket, Work work, SharedText &shared) {
  const Limit processor(RLIMIT_CPU), data(RLIMIT_DATA);
  for (;;) {
    struct pollfd wait = {socket, POLLIN, 0};
    int ready = poll(&wait, 1, kIdleMilliseconds);
    if (ready < 0 && errno == EINTR)
      continue;
    RequestHeader header;
    if (ready <= 0 || !receiveAll(socket, &header, sizeof(header)))
      return;
    std::string folder(header.folderBytes, '\0'), request(header.bytes, '\0');
    if (!receiveAll(socket, folder.data(), folder.size()) || !receiveAll(socket, request.data(), request.size()))
      return;
    [[maybe_unused]] int moved = chdir(folder.c_str()); // a folder that is gone has no files
    processor.lowerTo(usedSeconds() + header.limits.seconds);
#ifndef WAFER_SANITIZED
    data.lowerTo(memoryUse().data + header.limits.bytes);
#endif
    WorkStep step(shared.text);
    std::string result;
    {
      EndsWithHost scope(socket);
      result = work(request, step);
    }
    const uint64_t size = result.size();
    if (!sendAll(socket, &size, sizeof(size)) || !sendAll(socket, result.data(), size))
      return;
  }
}

[[noreturn]] void runChild(int socket, Work work, SharedText &shared) {
  // The host's handlers speak of the host's faults.
  for (int signal :
       {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGTERM, SIGINT, SIGALRM, SIGPIPE, SIGIO, SIGXCPU})
    std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  Limit(RLIMIT_CORE).lowerTo(0);
  if (socket <= STDERR_FILENO) // the host has closed its streams
    socket = fcntl(socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  // What the library and the heap say when they die is said by the parent, with a code.
  if (int null = open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0)
    for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
#ifdef WAFER_SANITIZED
      if (stream != STDERR_FILENO)
#endif
        dup2(null, stream);
  constexpr int first = STDERR_FILENO + 1;
  if (socket > first)
    close_range(first, socket - 1, 0);
  close_range(socket + 1, ~0U, 0);
  serve(socket, work, shared);
  _exit(0);
}

/// A child, seen from the parent.
class Worker {
public:
  static std::unique_ptr<Worker> start(Work work) {
    auto worker = std::unique_ptr<Worker>(new Worker(work));
    int ends[2];
    if (!worker->shared.text || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return nullptr;
    worker->isLarge = memoryUse().own > kMostKeptBytes;
    worker->child = fork();
    if (worker->child == 0)
      runChild(ends[1], work, worker->shared);
    close(ends[1]);
    worker->socket = ends[0];
    worker->node = nodeOf(ends[0]);
    if (worker->child < 0) {
      close(ends[0]);
      return nullptr;
    }
    return worker;
  }

  /// The parent still has the child and its socket: a copy of the parent has neither, and may have given the socket's
  /// number to something else.
  bool isOurs() const { return parent == getpid() && node && nodeOf(socket) == node; }

  /// What the child sent. `complete` is false if it ended before it had said all; `late` if it ran out of wall time.
  struct Received {
    std::string bytes;
    bool complete = false, late = false;
  };
  Received ask(const IsolationLimits &limits, const std::string &request) {
    shared.text[0] = '\0';
    if (!sendRequest(socket, limits, request))
      return {};
    // A child that waits for something uses no processor time; a loaded machine gives little of it.
    return receive(10 * limits.seconds);
  }

  /// Ends the child if it has not ended yet, and says how it ended.
  int end() {
    close(socket);
    kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
      if (errno != EINTR) // a host that reaps all children itself
        return 0;
    return status;
  }

  std::string step() const { return shared.read(); }

  const Work work;
  bool isLarge = false;

private:
  explicit Worker(Work work) : work(work) {}

  static std::optional<std::pair<dev_t, ino_t>> nodeOf(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
      return std::nullopt;
    return std::pair(status.st_dev, status.st_ino);
  }

  Received receive(int64_t seconds) {
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
      struct pollfd wait = {socket, POLLIN, 0};
      int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000)));
      if (ready < 0 && errno != EINTR)
        return result;
      if (ready <= 0)
        continue;
      char *into =
          got < sizeof(size) ? reinterpret_cast<char *>(&size) + got : result.bytes.data() + got - sizeof(size);
      size_t room = got < sizeof(size) ? sizeof(size) - got : result.bytes.size() + sizeof(size) - got;
      ssize_t done = read(socket, into, room);
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

  const pid_t parent = getpid();
  pid_t child = -1;
  int socket = -1;
  std::optional<std::pair<dev_t, ino_t>> node; // what the socket is, whatever its number means later
  SharedText shared;
};

/// Children that wait.
class Idle {
public:
  /// One for this work, if there is one.
  std::unique_ptr<Worker> take(Work work) {
    std::lock_guard lock(ForkSafeMutex<Idle>::get());
    // In a copy of the process they are the original's.
    std::erase_if(workers, [](const auto &worker) { return !worker->isOurs(); });
    auto it = std::find_if(workers.rbegin(), workers.rend(), [&](const auto &worker) { return worker->work == work; });
    if (it == workers.rend())
      return nullptr;
    std::unique_ptr<Worker> worker = std::move(*it);
    workers.erase(std::next(it).base());
    return worker;
  }

  void put(std::unique_ptr<Worker> worker) {
    {
      std::lock_guard lock(ForkSafeMutex<Idle>::get());
      if (!worker->isLarge && workers.size() < kMostIdle)
        return workers.push_back(std::move(worker));
    }
    worker->end();
  }

private:
  std::vector<std::unique_ptr<Worker>> workers; // the one that worked last at the end
};

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

Result<std::string> frontend::runIsolated(const IsolationLimits &limits, Work work, const std::string &request) {
  // Never destroyed: a child's end does not matter when the host ends.
  static Idle &idle = *new Idle;
  for (;;) {
    std::unique_ptr<Worker> worker = idle.take(work);
    const bool isKept = worker != nullptr;
    if (!worker)
      worker = Worker::start(work);
    if (!worker)
      return runHere(work, request);
    Worker::Received received = worker->ask(limits, request);
    if (received.complete) {
      idle.put(std::move(worker));
      return std::move(received.bytes);
    }
    // One that was kept may have gone for lack of work, just now or long ago.
    const int status = worker->end();
    if (isKept && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !received.late)
      continue;
    return describeDeath(status, received.late, limits, worker->step());
  }
}

#else

Result<std::string> frontend::runIsolated(const IsolationLimits &, Work work, const std::string &request) {
  return runHere(work, request);
}

#endif
