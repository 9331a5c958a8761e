#include "wafer/Conversion/ToImage.h"

#include "wafer/Conversion/FabricToImage.h"
#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Dialect/Wafer/Steps.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Support/Tensor.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

#include <map>

using namespace mlir;
using namespace wafer;

namespace {

constexpr const char *kProducer = "waferc 0.1.0";

/// A declared element type as host and image have it; nothing if the machine cannot carry it.
struct ElementForm {
  image::DataType image;
  HostType host;
};
std::optional<ElementForm> formOf(Type declared) {
  if (declared.isF32())
    return ElementForm{image::F32, HostType::F32};
  if (declared.isF64())
    return ElementForm{image::F64, HostType::F64};
  if (declared.isF16())
    return ElementForm{image::F16, HostType::F16};
  if (declared.isBF16())
    return ElementForm{image::BF16, HostType::BF16};
  bool isUnsigned = declared.isUnsignedInteger();
  if (declared.isInteger(1))
    return ElementForm{image::BOOL, HostType::Bool};
  if (declared.isInteger(8))
    return isUnsigned ? ElementForm{image::U8, HostType::U8} : ElementForm{image::I8, HostType::I8};
  if (declared.isInteger(16))
    return isUnsigned ? ElementForm{image::U16, HostType::U16} : ElementForm{image::I16, HostType::I16};
  if (declared.isInteger(32))
    return isUnsigned ? ElementForm{image::U32, HostType::U32} : ElementForm{image::I32, HostType::I32};
  if (declared.isInteger(64))
    return isUnsigned ? ElementForm{image::U64, HostType::U64} : ElementForm{image::I64, HostType::I64};
  return std::nullopt;
}

void fillTensor(image::Tensor &tensor, StringRef name, image::DataType type, ArrayRef<int64_t> shape) {
  tensor.set_name(name.str());
  tensor.set_type(type);
  tensor.set_carried(carriedType(type));
  for (int64_t extent : shape)
    tensor.add_shape(extent);
}

void fillBox(image::Box &box, const wfr::Layout &layout, ArrayRef<int64_t> shape) {
  assert(layout.splitX.middle == 1 && layout.splitY.middle == 1 && "streams tell PEs apart by two axes");
  box.set_split_x(layout.splitX.minor);
  box.set_split_y(layout.splitY.minor);
  int64_t stride = 1;
  SmallVector<int64_t> strides(layout.dims.size());
  for (size_t d = layout.dims.size(); d-- != 0;) {
    strides[d] = stride;
    stride *= layout.dims[d].length;
  }
  for (auto [dim, extent, words] : llvm::zip(layout.dims, shape, strides)) {
    image::BoxDim &entry = *box.add_dims();
    entry.set_extent(extent);
    entry.set_offset(dim.start.constant);
    entry.set_length(dim.length);
    entry.set_x_major(dim.start.step[wfr::X0]);
    entry.set_x_minor(dim.start.step[wfr::X1]);
    entry.set_y_major(dim.start.step[wfr::Y0]);
    entry.set_y_minor(dim.start.step[wfr::Y1]);
    entry.set_stride(words);
  }
}

class Emitter {
public:
  Emitter(ModuleOp module, const Profile &profile, StringRef modelName, const WeightBytes &bytes, ImageWriter &writer)
      : module(module), symbols(module), profile(profile), bytes(bytes), writer(writer) {
    writer.manifest.set_producer(kProducer);
    writer.manifest.set_target_profile(profile.json);
    writer.manifest.set_model_name(modelName.str());
  }

  FailureOr<std::vector<EmittedRegion>> run() {
    auto programs = module.getOps<wfr::ProgramOp>();
    auto fabrics = module.getOps<fabric::ProgramOp>();
    if (programs.empty() || fabrics.empty())
      return module.emitError("an image needs a wafer.program and a fabric.program");
    wfr::ProgramOp program = *programs.begin();
    fabric::ProgramOp fabric = *fabrics.begin();
    writer.manifest.set_mesh_width(program.getMeshWidth());
    writer.manifest.set_mesh_height(program.getMeshHeight());
    SymbolTable regions(program);
    netsOf = fabric::netsByStream(fabric);
    std::vector<EmittedRegion> emitted;
    for (pe::ProgramOp code : module.getOps<pe::ProgramOp>()) {
      auto region = code.getRegion() ? regions.lookup<wfr::RegionOp>(*code.getRegion()) : wfr::RegionOp();
      if (!region || !region.getRect())
        return code.emitError("belongs to no placed region");
      FailureOr<SramLedger> ledger = emitRegion(code, region);
      if (failed(ledger))
        return failure();
      emitted.push_back({region.getSymName().str(), *ledger});
    }
    for (wfr::StreamOp stream : program.getBody().getOps<wfr::StreamOp>())
      if (stream.getHostName() && failed(emitHostStream(stream)))
        return failure();
    for (wfr::UnreadOp input : program.getBody().getOps<wfr::UnreadOp>())
      if (failed(emitUnread(input)))
        return failure();
    emitRoutes(fabric, writer.manifest, [&](const std::string &name) { return intern(name); });
    return emitted;
  }

private:
  uint32_t intern(const std::string &text) {
    auto [it, inserted] = strings.try_emplace(text, writer.manifest.strings_size());
    if (inserted)
      writer.manifest.add_strings(text);
    return it->second;
  }

  FailureOr<SramLedger> emitRegion(pe::ProgramOp code, wfr::RegionOp region) {
    FailureOr<AssembledProgram> program = assembleProgram(
        code, profile, profile.isWholeMesh(writer.manifest.mesh_width(), writer.manifest.mesh_height()));
    if (failed(program))
      return failure();
    image::Region &entry = *writer.manifest.add_regions();
    fillRegion(
        *program, entry, [&](const std::string &text) { return intern(text); }, [](const std::string &) { return 0; });
    entry.set_name(region.getSymName().str());
    emitKernels(region, entry);
    wfr::RectAttr rect = *region.getRect();
    entry.mutable_rect()->set_x(rect.getX());
    entry.mutable_rect()->set_y(rect.getY());
    entry.mutable_rect()->set_w(rect.getW());
    entry.mutable_rect()->set_h(rect.getH());
    entry.set_code_section(writer.addOwnedSection(program->section));
    // The same bytes cut to another shape are another weight of the manifest in the same section.
    int next = 0;
    for (const AssembledBuffer &buffer : program->buffers) {
      if (buffer.source.empty())
        continue;
      FailureOr<uint32_t> weight = weightIndex(buffer);
      if (failed(weight))
        return failure();
      entry.mutable_weights(next++)->set_weight(*weight);
    }
    return program->ledger;
  }

  /// What the steps that have code are, by the numbers that their code names them by.
  void emitKernels(wfr::RegionOp region, image::Region &entry) {
    region.walk<WalkOrder::PreOrder>([&](Operation *step) {
      if (!step->hasAttr("step"))
        return;
      image::Kernel &kernel = *entry.add_kernels();
      kernel.set_op(step->getName().stripDialect().str());
      const std::string name = wfr::nodeOf(step->getLoc());
      std::set<std::string> nodes = wfr::nodesOf(step);
      if (!name.empty())
        kernel.add_nodes(intern(name));
      nodes.erase(name);
      for (const std::string &other : nodes)
        kernel.add_nodes(intern(other));
      if (step->hasAttr("estimated_cycles")) {
        const wfr::StepEstimate estimate = wfr::estimateOf(step);
        kernel.set_estimated_cycles(static_cast<uint64_t>(estimate.cycles));
        kernel.set_bound(estimate.bound.str());
      }
    });
  }

  FailureOr<uint32_t> weightIndex(const AssembledBuffer &buffer) {
    Operation *symbol = symbols.lookup(buffer.source);
    SmallVector<int64_t> shape;
    for (unsigned d = 0; d != buffer.box.getRank(); ++d)
      shape.push_back(buffer.box.getExtent(d));
    auto key = std::make_pair(buffer.source, std::vector<int64_t>(shape.begin(), shape.end()));
    if (auto known = weights.find(key); known != weights.end())
      return known->second;
    FailureOr<std::pair<uint32_t, image::DataType>> section = weightSection(symbol, buffer.source);
    if (failed(section))
      return failure();
    uint32_t index = writer.manifest.weights_size();
    image::Weight &weight = *writer.manifest.add_weights();
    fillTensor(*weight.mutable_tensor(), buffer.source, section->second, shape);
    weight.set_section(section->first);
    weights[key] = index;
    return index;
  }

  /// The section with a symbol's words.
  FailureOr<std::pair<uint32_t, image::DataType>> weightSection(Operation *symbol, const std::string &name) {
    if (auto known = sections.find(name); known != sections.end())
      return known->second;
    if (auto weight = dyn_cast_or_null<onnx::WeightOp>(symbol)) {
      FailureOr<ArrayRef<char>> data = bytes(weight);
      if (failed(data))
        return failure();
      Type element = cast<RankedTensorType>(weight.getType()).getElementType();
      std::optional<ElementForm> form = formOf(element);
      if (!form)
        return wafer::emitUnsupported(symbol, "weights of type ")
               << element << " are not supported by the machine's image";
      std::span<const uint8_t> elements(reinterpret_cast<const uint8_t *>(data->data()), data->size());
      if (element.isF32() || element.isInteger(32)) // words already
        return sections[name] = {writer.addSection(elements), form->image};
      CarriedWords carried = toWords(form->host, elements);
      if (carried.beyond)
        return wafer::emitError(symbol->getLoc(), ErrorCode::ConstantRange,
                                "the weight '" + name + "' holds " + carried.value + " at element " +
                                    Twine(*carried.beyond) + ", beyond the machine's 32-bit numbers",
                                "keep int64 weights within 32 bits, float64 weights within the range of float32");
      return sections[name] = {writer.addOwnedSection(carried.words), form->image};
    }
    if (auto global = dyn_cast_or_null<ml_program::GlobalOp>(symbol)) {
      auto value = dyn_cast_or_null<DenseElementsAttr>(global.getValueAttr());
      if (!value)
        return symbol->emitError("has no dense value");
      std::vector<uint32_t> words;
      Type element = value.getElementType();
      if (element.isF32()) {
        for (APFloat number : value.getValues<APFloat>())
          words.push_back(static_cast<uint32_t>(number.bitcastToAPInt().getZExtValue()));
        return sections[name] = {writer.addOwnedSection(words), image::F32};
      }
      if (!element.isInteger(32) && !element.isInteger(1))
        return wafer::emitUnsupported(symbol, "constants of type ")
               << element << " are not supported by the machine's image";
      for (const APInt &number : value.getValues<APInt>())
        words.push_back(
            static_cast<uint32_t>(number.getBitWidth() == 1 ? number.getZExtValue() : number.getSExtValue()));
      return sections[name] = {writer.addOwnedSection(words), image::I32};
    }
    return module.emitError("weight @") << name << " is not in the module";
  }

  FailureOr<image::HostStream *> addHostStream(Operation *op, StringRef name, RankedTensorType type) {
    std::optional<ElementForm> form = formOf(type.getElementType());
    if (!form)
      return wafer::emitUnsupported(op, "carries ") << type.getElementType() << ", which host streams do not";
    image::HostStream *entry = writer.manifest.add_streams();
    fillTensor(*entry->mutable_tensor(), name, form->image, type.getShape());
    return entry;
  }

  LogicalResult emitUnread(wfr::UnreadOp input) {
    return addHostStream(input, input.getHostName(), cast<RankedTensorType>(input.getType()));
  }

  /// Streams of one net leave or enter by the same ports: the host takes them in the order of the image.
  LogicalResult emitHostStream(wfr::StreamOp stream) {
    SmallVector<fabric::NetOp, 1> nets = netsOf.lookup(stream.getSymName());
    if (nets.empty() || llvm::any_of(nets, [](fabric::NetOp net) { return !net.getColor(); }))
      return stream.emitError("is not routed");
    auto type = cast<RankedTensorType>(stream.getType());
    bool output = stream.getTo().empty();
    std::optional<ArrayRef<int64_t>> shape = stream.getHostShape();
    FailureOr<image::HostStream *> added = addHostStream(
        stream, *stream.getHostName(), shape ? RankedTensorType::get(*shape, type.getElementType()) : type);
    if (failed(added))
      return failure();
    image::HostStream &entry = **added;
    entry.set_output(output);
    fillBox(*entry.mutable_box(), wfr::layoutOf(type), type.getShape());
    entry.set_senders(stream.getSenders());
    for (fabric::NetOp net : nets) {
      auto ports = output ? cast<fabric::RunAttr>(net.getSinks()[0]) : net.getSource();
      const int64_t first = net.getFirst(), count = std::min<int64_t>(ports.getCount(), stream.getLanes() - first);
      if (count <= 0)
        break; // other streams of the net have more lanes
      image::HostLanes &lanes = *entry.add_lanes();
      lanes.set_x(ports.getX());
      lanes.set_y(ports.getY());
      lanes.set_dx(ports.getDx());
      lanes.set_dy(ports.getDy());
      lanes.set_count(count);
      lanes.set_side(static_cast<uint32_t>(ports.getPort()));
      lanes.set_color(*net.getColor());
      lanes.set_first_row(first);
    }
    return success();
  }

  ModuleOp module;
  SymbolTable symbols;
  const Profile &profile;
  const WeightBytes &bytes;
  ImageWriter &writer;
  llvm::StringMap<SmallVector<fabric::NetOp, 1>> netsOf; // by stream
  std::map<std::string, uint32_t> strings;
  std::map<std::pair<std::string, std::vector<int64_t>>, uint32_t> weights;
  std::map<std::string, std::pair<uint32_t, image::DataType>> sections;
};

} // namespace

FailureOr<std::vector<EmittedRegion>> wafer::emitImage(ModuleOp module, const Profile &profile, StringRef modelName,
                                                       const WeightBytes &bytes, ImageWriter &writer) {
  return Emitter(module, profile, modelName, bytes, writer).run();
}
