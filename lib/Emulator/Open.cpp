// An image with the profile that is inside it.
#include "Engine.h"

#include <chrono>

using namespace wafer;

Result<std::unique_ptr<Emulator>> Emulator::open(const std::string &path) {
  auto start = std::chrono::steady_clock::now();
  Result<Image> image = Image::open(path);
  if (!image)
    return image.error();
  Result<std::unique_ptr<Emulator>> emulator = open(image.take());
  if (emulator)
    (*emulator)->engine->stats.loadSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return emulator;
}

Result<std::unique_ptr<Emulator>> Emulator::open(Image image) {
  auto start = std::chrono::steady_clock::now();
  Result<Profile> profile = Profile::parse(image.manifest().target_profile());
  if (!profile)
    return profile.error();
  Result<VerifiedProgram> program = verifyProgram(std::move(image), *profile);
  if (!program)
    return program.error();
  Result<std::unique_ptr<Emulator>> emulator = create(program.take());
  if (emulator)
    (*emulator)->engine->stats.loadSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return emulator;
}
