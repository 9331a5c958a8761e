// What messages call places and colors.
#ifndef WAFER_LIB_EMULATOR_NAMES_H
#define WAFER_LIB_EMULATOR_NAMES_H

#include "wafer/Program/Verify.h"

#include <string>

namespace wafer::emulator {

/// "(3, 1)".
inline std::string place(const VerifiedProgram &program, uint32_t pe) {
  return "(" + std::to_string(pe % program.width) + ", " + std::to_string(pe / program.width) + ")";
}

/// "color 4 ('gather_x')".
inline std::string colorName(const VerifiedProgram &program, uint32_t pe, uint8_t color) {
  std::string text = "color " + std::to_string(color);
  if (const RouterSetup *setup = program.routes.at(color, pe))
    text += " ('" + program.image.manifest().strings(setup->name) + "')";
  return text;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_NAMES_H
