#include "wafer/Conversion/FabricToImage.h"

using namespace mlir;
using namespace wafer;

void wafer::emitRoutes(fabric::ProgramOp program, image::Manifest &manifest,
                       const std::function<uint32_t(const std::string &)> &intern) {
  for (fabric::RouteOp route : program.getBody().getOps<fabric::RouteOp>()) {
    image::RouteShape &shape = *manifest.add_routes();
    shape.set_color(route.getColor());
    fabric::AreaAttr area = route.getArea();
    shape.mutable_rect()->set_x(area.getX());
    shape.mutable_rect()->set_y(area.getY());
    shape.mutable_rect()->set_w(area.getW());
    shape.mutable_rect()->set_h(area.getH());
    shape.set_step_x(area.getStepX());
    shape.set_step_y(area.getStepY());
    shape.set_name(intern(route.getOwner().str()));
    for (auto position : route.getPositions().getAsRange<fabric::PositionAttr>()) {
      image::SwitchPosition &entry = *shape.add_positions();
      entry.set_inputs(static_cast<uint32_t>(position.getInput()));
      entry.set_outputs(position.getOutputs());
    }
  }
}
