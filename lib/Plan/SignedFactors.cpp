// A sign times a run-time value is made once: (q s) v = q (s v), where s is a constant of ones and minus ones. Rotary
// embeddings multiply the swapped halves of a head by a sign for each half, then by the sines of a position: the sines
// with signs are the same for queries and keys, and can be made long before these, beside a sum (WorkBesideSums.h).
// Each of the kernels that wait for the heads has an instruction less. Ones and minus ones round nothing: every result
// is what it was, to the bit.
//
// This is done to the plan that was chosen, in the layout in which its kernels read v. As a kernel of the tensor level
// it would have layouts to choose from, and the search, which keeps few states, went past the best plan of all: a
// decode layer of 8B took a third longer.
#include "SignedFactors.h"

#include "wafer/Dialect/Wafer/Layout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Of a kernel: which inputs are signs, and a value that they are a factor beside.
struct Pair {
  KernelOp kernel;
  unsigned signs, value;

  AffineMap map(unsigned input) const {
    return cast<AffineMapAttr>(KernelOp(kernel).getIndexingMaps()[input]).getValue();
  }
  /// Which dimension of the value each of the signs' is, or nothing if one is none.
  std::optional<SmallVector<unsigned>> dimensions() const {
    SmallVector<unsigned> dims;
    for (AffineExpr loop : map(signs).getResults())
      if (std::optional<unsigned> dim = map(value).getResultPosition(loop))
        dims.push_back(*dim);
      else
        return std::nullopt;
    return dims;
  }
};

bool isSigns(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : DenseFPElementsAttr();
  return elements && !elements.isSplat() &&
         llvm::all_of(elements, [](const APFloat &element) { return abs(element).isExactlyValue(1); });
}

/// The product of more factors that the argument is one of.
Value wholeProduct(Value value) {
  while (value.hasOneUse() && llvm::isa<arith::MulFOp>(*value.user_begin()))
    value = value.user_begin()->getResult(0);
  return value;
}

/// What a value is the product of.
void factorsOf(Value value, SmallVectorImpl<Value> &factors, bool isWhole = true) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product || !(isWhole || value.hasOneUse()))
    return factors.push_back(value);
  for (Value operand : product->getOperands())
    factorsOf(operand, factors, /*isWhole=*/false);
}

/// The value is whole and made at run time, and both are read along loops of which the signs have none for themselves.
bool canHaveSigns(const Pair &pair) {
  const Value value = KernelOp(pair.kernel).getInputs()[pair.value];
  const Layout layout = layoutOf(value.getType());
  return !value.getDefiningOp<ConstantOp>() && layout.partialAxes == 0 && layout.atAxes == 0 &&
         pair.map(pair.signs).isProjectedPermutation() && pair.map(pair.value).isProjectedPermutation() &&
         pair.dimensions();
}

/// Of the values that signs are a factor beside the smallest one.
std::optional<Pair> pairOf(KernelOp kernel) {
  if (kernel.getIdentity())
    return std::nullopt;
  std::optional<Pair> smallest;
  auto wordsOf = [&](const Pair &pair) { return layoutOf(kernel.getInputs()[pair.value].getType()).words(); };
  Block &body = kernel.getBody().front();
  for (auto [i, input] : llvm::enumerate(kernel.getInputs())) {
    BlockArgument signs = body.getArgument(i);
    if (!isSigns(input) || !signs.hasOneUse())
      continue;
    SmallVector<Value> factors;
    factorsOf(wholeProduct(signs), factors);
    for (Value factor : factors) {
      auto value = dyn_cast<BlockArgument>(factor);
      if (factors.size() < 3 || !value || value == signs || !value.hasOneUse() || value.getOwner() != &body)
        continue;
      Pair pair{kernel, static_cast<unsigned>(i), value.getArgNumber()};
      if (canHaveSigns(pair) && (!smallest || wordsOf(pair) < wordsOf(*smallest)))
        smallest = pair;
    }
  }
  return smallest;
}

class Sharing {
public:
  Sharing(RegionOp region, const ResourceModel &model) : region(region), model(model), b(region.getContext()) {}

  void run() {
    llvm::MapVector<std::tuple<Value, Attribute, Attribute>, SmallVector<Pair>> pairs;
    for (auto kernel : region.getBody().front().getOps<KernelOp>())
      if (std::optional<Pair> pair = pairOf(kernel)) {
        auto signs = kernel.getInputs()[pair->signs].getDefiningOp<ConstantOp>();
        const SmallVector<int32_t> dims = llvm::to_vector_of<int32_t>(*pair->dimensions());
        pairs[{kernel.getInputs()[pair->value], signs.getValue(), b.getDenseI32ArrayAttr(dims)}].push_back(*pair);
      }
    for (auto &[key, sharing] : pairs)
      if (sharing.size() > 1 && hasMemory(std::get<0>(key)))
        share(sharing);
  }

private:
  double cyclesOf(const Layout &layout) const { return model.vectorCycles(isa::VectorOp::Mul, layout.words()); }

  /// For the product, and for signs that are no more.
  bool hasMemory(Value value) {
    auto bytes = region->getAttrOfType<IntegerAttr>("estimated_bytes");
    const int64_t after = (bytes ? bytes.getInt() : 0) + 2 * isa::kWordBytes * layoutOf(value.getType()).words();
    if (after > model.usableSramBytes())
      return false;
    if (bytes)
      region->setAttr("estimated_bytes", b.getI64IntegerAttr(after));
    return true;
  }

  void share(ArrayRef<Pair> pairs) {
    const Value product = multiply(pairs.front());
    for (Pair pair : pairs) {
      KernelOp kernel = pair.kernel;
      auto old = kernel.getInputs()[pair.signs].getDefiningOp<ConstantOp>();
      SmallVector<Attribute> maps(kernel.getIndexingMaps().getValue());
      maps[pair.signs] = maps[pair.value];
      maps.erase(maps.begin() + pair.value);
      kernel.setIndexingMapsAttr(b.getArrayAttr(maps));
      kernel.getInputsMutable().slice(pair.signs, 1).assign(product);
      kernel.getInputsMutable().erase(pair.value);
      Block &body = kernel.getBody().front();
      Operation *multiplication = *body.getArgument(pair.value).user_begin();
      const Value left = multiplication->getOperand(0), right = multiplication->getOperand(1);
      multiplication->getResult(0).replaceAllUsesWith(left == body.getArgument(pair.value) ? right : left);
      multiplication->erase();
      body.eraseArgument(pair.value);
      lessBy(kernel, cyclesOf(Layout::get(kernel.getIteration())));
      if (old.use_empty())
        old.erase();
    }
  }

  /// The value with signs, before the first that reads it.
  Value multiply(const Pair &pair) {
    KernelOp kernel = pair.kernel;
    const Value value = kernel.getInputs()[pair.value];
    auto type = cast<RankedTensorType>(value.getType());
    auto old = kernel.getInputs()[pair.signs].getDefiningOp<ConstantOp>();
    const Layout layout = layoutOf(type);
    Layout ofSigns = layout;
    ofSigns.dims.clear();
    SmallVector<AffineExpr> read;
    const auto dimensions = pair.dimensions();
    for (unsigned dim : *dimensions) {
      ofSigns.dims.push_back(layout.dims[dim]);
      read.push_back(b.getAffineDimExpr(dim));
    }
    const AffineMap identity = b.getMultiDimIdentityMap(type.getRank()),
                    signsMap = AffineMap::get(type.getRank(), 0, read, b.getContext());
    b.setInsertionPoint(kernel);
    Value signs = ConstantOp::create(
        b, old.getLoc(), withLayout(cast<RankedTensorType>(old.getType()), ofSigns.simplified()), old.getValue());
    auto product = KernelOp::create(b, kernel.getLoc(), type, ValueRange{value, signs}, Value(),
                                    b.getAffineMapArrayAttr({identity, signsMap, identity}),
                                    b.getStrArrayAttr(SmallVector<StringRef>(type.getRank(), "parallel")),
                                    b.getDenseI64ArrayAttr(type.getShape()), layout.simplified().attr(b.getContext()),
                                    TypedAttr(), IntegerAttr());
    lessBy(product, -cyclesOf(layout));
    Block &body = product.getBody().emplaceBlock();
    const Type element = type.getElementType();
    body.addArguments({element, element, element}, {kernel.getLoc(), kernel.getLoc(), kernel.getLoc()});
    OpBuilder inner = OpBuilder::atBlockEnd(&body);
    Value result = arith::MulFOp::create(inner, kernel.getLoc(), body.getArgument(0), body.getArgument(1));
    YieldOp::create(inner, kernel.getLoc(), ValueRange{result});
    return product.getResult();
  }

  void lessBy(KernelOp kernel, double cycles) {
    NamedAttrList parts(kernel->getAttrOfType<DictionaryAttr>("estimated_cycles"));
    auto known = dyn_cast_or_null<IntegerAttr>(parts.get("compute"));
    const int64_t left = (known ? known.getInt() : 0) - std::llround(cycles);
    parts.set("compute", b.getI64IntegerAttr(std::max<int64_t>(left, 0)));
    kernel->setAttr("estimated_cycles", parts.getDictionary(b.getContext()));
  }

  RegionOp region;
  const ResourceModel &model;
  OpBuilder b;
};

} // namespace

void wafer::wfr::shareSignedFactors(RegionOp region, const ResourceModel &model) { Sharing(region, model).run(); }
