// Collectives along a row of PEs as programs, with the closed forms of Luczynski et al., "Near-Optimal Wafer-Scale
// Reduce" (HPDC'24, arXiv 2404.15888). Every PE contributes its x to each of `words` words; PE 0 is the root. Each PE
// has the code of its own role, so that nothing but the collective takes time; with `checks` the root looks at its sum,
// too, which takes some scalar instructions.
#ifndef WAFER_TEST_PUBLISHED_COLLECTIVES_H
#define WAFER_TEST_PUBLISHED_COLLECTIVES_H

#include "../unit/Emulator/TestProgram.h"

#include <memory>
#include <vector>

namespace wafer::published {

using Program = std::unique_ptr<test::TestProgram>;

/// The profile's network with cores whose instructions cost an element time of one cycle and nothing else: what the
/// closed forms speak of.
Profile networkOf(Profile profile);

/// From the root to all others; `pes` from 2 on, as everywhere here.
Program broadcast(const Profile &profile, int pes, int words);
/// Each PE adds what comes to its own and passes it on.
Program chain(const Profile &profile, int pes, int words, bool checks = false);
/// All send to the root, one after another: a control wavelet behind each block hands on the turn.
Program star(const Profile &profile, int pes, int words, bool checks = false);
/// A chain in each group of neighbors, then a chain of the groups' first PEs. `groups` are sizes, from the root on.
Program twoPhase(const Profile &profile, const std::vector<int> &groups, int words, bool checks = false);
/// A chain whose root casts each sum as it comes, to all that have added.
Program chainThenBroadcast(const Profile &profile, int pes, int words);

/// Groups of the square root of `pes`, rounded up; the last may be smaller.
std::vector<int> equalGroups(int pes);
/// Each group has one PE less than the one before it, so that the ways through all groups are equally deep.
std::vector<int> gradedGroups(int pes);

// Cycles by the closed forms.
double broadcastFormula(int pes, int words);
double chainFormula(int pes, int words);
double starFormula(int pes, int words);
/// The general form, max(C, E / N + L) + (2 T_R + 1) D, for these groups.
double twoPhaseFormula(const std::vector<int> &groups, int words);

/// Cycles of one run in tier `stream` of the emulator, and `exact` of the reference engine.
Result<double> streamCycles(test::TestProgram &program, uint64_t schedule = 0);
Result<double> exactCycles(test::TestProgram &program);

} // namespace wafer::published

#endif // WAFER_TEST_PUBLISHED_COLLECTIVES_H
