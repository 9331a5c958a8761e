#include "wafer/Support/OutputFile.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace wafer;
namespace fs = std::filesystem;

namespace {
/// An empty folder, and what is in it.
struct Folder {
  fs::path path = fs::path(testing::TempDir()) / "output-file-test";
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char *name) const { return (path / name).string(); }
  size_t size() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

std::string contents(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
} // namespace

TEST(OutputFile, IsThereWhenItIsFinished) {
  Folder folder;
  OutputFile file(folder / "a");
  EXPECT_TRUE(file.write("some "));
  EXPECT_TRUE(file.write("text"));
  EXPECT_FALSE(fs::exists(folder / "a"));
  EXPECT_EQ(file.finish(), 0);
  EXPECT_EQ(contents(folder / "a"), "some text");
  EXPECT_EQ(folder.size(), 1u);
}

TEST(OutputFile, LeavesWhatWasThereUntilThen) {
  Folder folder;
  std::ofstream(folder / "a") << "old";
  {
    OutputFile file(folder / "a");
    EXPECT_TRUE(file.write("new"));
    EXPECT_EQ(contents(folder / "a"), "old");
  } // never finished
  EXPECT_EQ(contents(folder / "a"), "old");
  EXPECT_EQ(folder.size(), 1u);
}

TEST(OutputFile, FollowsLinks) {
  Folder folder;
  std::ofstream(folder / "a") << "old";
  fs::create_symlink("a", folder / "link");
  OutputFile file(folder / "link");
  EXPECT_TRUE(file.write("new"));
  EXPECT_EQ(file.finish(), 0);
  EXPECT_EQ(contents(folder / "a"), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

TEST(OutputFile, SaysWhyItIsNotThere) {
  Folder folder;
  OutputFile nowhere(folder / "none/a");
  EXPECT_FALSE(nowhere.write("text"));
  EXPECT_EQ(nowhere.finish(), ENOENT);
  OutputFile full("/dev/full");
  full.write("text");
  EXPECT_EQ(full.finish(), ENOSPC);
  EXPECT_EQ(OutputFile(folder.path.string()).finish(), EISDIR);
}
