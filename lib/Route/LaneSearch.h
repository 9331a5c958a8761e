// Lanes one after the other: A* over routers.
#ifndef WAFER_LIB_ROUTE_LANESEARCH_H
#define WAFER_LIB_ROUTE_LANESEARCH_H

#include "Mesh.h"
#include "Routes.h"

namespace wafer {

/// Searches on one mesh. What they find out about its routers is kept for all of them in one place, and all together
/// look at no more than so many.
class LaneSearch {
public:
  LaneSearch(const RouterMesh &mesh, int64_t expansions)
      : mesh(mesh), visits(static_cast<int64_t>(mesh.width()) * mesh.height()), left(expansions) {}

  /// All lanes of a net, each keeping off those before it: in their order, or the last first.
  std::optional<Routes> inOrder(const Net &net, const RouteTerms &terms, bool lastFirst);

  /// Extends a lane's tree to a sink; says what that costs.
  std::optional<double> reach(const Lane &lane, const Terminal &sink, const Price &price, const RouteTerms &terms,
                              Tree &own);

  /// Routers that may yet be looked at.
  int64_t expansionsLeft() const { return left; }
  void spend(int64_t expansions) { left -= expansions; }

private:
  struct Visit {
    double cost; // so far
    int hops;
    PortBits input; // the side it came in by
    int search;     // the last that came here
    bool done = false;
  };

  std::optional<Routes> one(const Lane &lane, const Price &price, const RouteTerms &terms);
  bool find(int64_t goal, double most, const Price &price, const RouteTerms &terms, const Tree &own);
  void addPath(int64_t goal, uint8_t output, Tree &own) const;

  const RouterMesh &mesh;
  TileMap<Visit> visits;
  int search = 0;
  int64_t left;
};

} // namespace wafer

#endif // WAFER_LIB_ROUTE_LANESEARCH_H
