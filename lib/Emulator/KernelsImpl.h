// The kernels' body, compiled once per instruction set of the host by KernelsBaseline.cpp and KernelsAvx2.cpp: all
// static.
//
// A call goes three ways. (1) f32 fma that accumulates into rows (the local matrix product and convolution) takes the
// register-blocked path: for fixed destination words the order over the reduced dimensions is the nest's, so blocking
// over independent words changes no bit. (2) Rows whose operands do not interfere run as loops that the compiler may
// vectorise. (3) All else runs element by element.
#include "ElementOperations.h"
#include "Kernels.h"
#include "Nest.h"

namespace wafer::emulator {
namespace {

//===- Rows ---------------------------------------------------------------===//

struct Row {
  uint32_t *d;
  const uint32_t *a, *b, *c;
  int64_t ds, as, bs, cs;
  int64_t n;
};

#define WAFER_SIMD _Pragma("clang loop vectorize(assume_safety)")

/// `free`: no element reads what another element of the row writes.
template <VectorOp op, ElementType type> inline void row(const Row &r, bool free) {
  uint32_t *d = r.d;
  const uint32_t *a = r.a, *b = r.b, *c = r.c;
  const int64_t n = r.n;
  if (free && r.ds == 1) {
    if constexpr (arity<op>() == 1) {
      if (r.as == 1) {
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], 0, 0);
        return;
      }
      if (r.as == 0) {
        const uint32_t v = apply<op, type>(a[0], 0, 0);
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = v;
        return;
      }
    } else if constexpr (arity<op>() == 2) {
      if (r.as == 1 && r.bs == 1) {
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], b[i], 0);
        return;
      }
      if (r.as == 1 && r.bs == 0) {
        const uint32_t v = b[0];
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], v, 0);
        return;
      }
      if (r.as == 0 && r.bs == 1) {
        const uint32_t v = a[0];
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(v, b[i], 0);
        return;
      }
    } else {
      if (r.as == 1 && r.bs == 1 && r.cs == 1) {
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], b[i], c[i]);
        return;
      }
      if (r.as == 0 && r.bs == 1 && r.cs == 1) {
        const uint32_t v = a[0];
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(v, b[i], c[i]);
        return;
      }
      if (r.as == 1 && r.bs == 0 && r.cs == 1) {
        const uint32_t v = b[0];
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], v, c[i]);
        return;
      }
      if (r.as == 1 && r.bs == 1 && r.cs == 0) {
        const uint32_t v = c[0];
        WAFER_SIMD
        for (int64_t i = 0; i < n; ++i)
          d[i] = apply<op, type>(a[i], b[i], v);
        return;
      }
    }
  }
  for (int64_t i = 0; i < n; ++i)
    d[i * r.ds] = apply<op, type>(a[i * r.as], arity<op>() > 1 ? b[i * r.bs] : 0, arity<op>() > 2 ? c[i * r.cs] : 0);
}

/// dst stride 0, first operand the destination itself: a sequential accumulation in a register.
template <VectorOp op, ElementType type> inline void accumulate(const Row &r) {
  uint32_t sum = r.d[0];
  for (int64_t i = 0; i < r.n; ++i) {
    if constexpr (arity<op>() == 2)
      sum = apply<op, type>(sum, r.b[i * r.bs], 0);
    else
      sum = apply<op, type>(r.a[i * r.as], r.b[i * r.bs], sum);
  }
  r.d[0] = sum;
}

/// The same for eight rows, whose sums do not wait for each other. `next` has the steps from row to row.
template <VectorOp op, ElementType type> inline void accumulate8(const Row &r, const int64_t *next) {
  uint32_t sum[8];
  for (int j = 0; j != 8; ++j)
    sum[j] = r.d[j * next[0]];
  for (int64_t i = 0; i < r.n; ++i)
    for (int j = 0; j != 8; ++j) {
      if constexpr (arity<op>() == 2)
        sum[j] = apply<op, type>(sum[j], r.b[j * next[2] + i * r.bs], 0);
      else
        sum[j] = apply<op, type>(r.a[j * next[1] + i * r.as], r.b[j * next[2] + i * r.bs], sum[j]);
    }
  for (int j = 0; j != 8; ++j)
    r.d[j * next[0]] = sum[j];
}

//===- f32 fma into rows --------------------------------------------------===//

/// So many floats in a register, at any address.
template <int width> struct Lanes {
  typedef float Floats __attribute__((ext_vector_type(width)));
  typedef int32_t Integers __attribute__((ext_vector_type(width)));

  WAFER_INLINE Floats load(const uint32_t *p) {
    Floats v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  WAFER_INLINE void store(uint32_t *p, Floats v) {
    Integers u = __builtin_bit_cast(Integers, v);
    Integers nan = (u & 0x7fffffff) > 0x7f800000;
    u = (u & ~nan) | (nan & static_cast<int32_t>(kNaN));
    __builtin_memcpy(p, &u, sizeof u);
  }
};

/// The reduced dimensions of an accumulation, the outer one first, and how the scalar and the vector operand walk them.
struct Reduction {
  int64_t n[2];
  int64_t scalar[2], vector[2];
};

/// rows x (width cols) destination words (row stride ds): d += a[row * ar + reduced] * b[reduced + col].
template <int rows, int cols, int width>
inline void fmaBlock(uint32_t *d, int64_t ds, const uint32_t *a, int64_t ar, const uint32_t *b, const Reduction &k) {
  using V = Lanes<width>;
  typename V::Floats sum[rows][cols];
  for (int r = 0; r != rows; ++r)
    for (int c = 0; c != cols; ++c)
      sum[r][c] = V::load(d + r * ds + width * c);
  for (int64_t outer = 0; outer < k.n[0]; ++outer) {
    const uint32_t *ak = a + outer * k.scalar[0], *bk = b + outer * k.vector[0];
    for (int64_t inner = 0; inner < k.n[1]; ++inner) {
      typename V::Floats v[cols];
      for (int c = 0; c != cols; ++c)
        v[c] = V::load(bk + width * c);
      for (int r = 0; r != rows; ++r) {
        const typename V::Floats x = fromBits(ak[r * ar]);
        for (int c = 0; c != cols; ++c)
          sum[r][c] = __builtin_elementwise_fma(x, v[c], sum[r][c]);
      }
      ak += k.scalar[1];
      bk += k.vector[1];
    }
  }
  for (int r = 0; r != rows; ++r)
    for (int c = 0; c != cols; ++c)
      V::store(d + r * ds + width * c, sum[r][c]);
}

template <int rows>
inline void fmaRows(uint32_t *d, int64_t ds, const uint32_t *a, int64_t ar, const uint32_t *b, const Reduction &k,
                    int64_t n) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    fmaBlock<rows, 2, 8>(d + i, ds, a, ar, b + i, k);
  for (; i + 8 <= n; i += 8)
    fmaBlock<rows, 1, 8>(d + i, ds, a, ar, b + i, k);
  for (; i + 4 <= n; i += 4)
    fmaBlock<rows, 1, 4>(d + i, ds, a, ar, b + i, k);
  for (; i < n; ++i) {
    float sum[rows];
    for (int r = 0; r != rows; ++r)
      sum[r] = fromBits(d[r * ds + i]);
    for (int64_t outer = 0; outer < k.n[0]; ++outer)
      for (int64_t inner = 0; inner < k.n[1]; ++inner) {
        const float v = fromBits(b[outer * k.vector[0] + inner * k.vector[1] + i]);
        for (int r = 0; r != rows; ++r)
          sum[r] = __builtin_fmaf(fromBits(a[r * ar + outer * k.scalar[0] + inner * k.scalar[1]]), v, sum[r]);
      }
    for (int r = 0; r != rows; ++r)
      d[r * ds + i] = canonicalBits(sum[r]);
  }
}

/// Words of the vector operand whose neighbors stand a step apart, brought together: for each of the outer reduced
/// dimension's a row that the inner one shifts along (as a convolution does), or else one for each of both.
class PackedVector {
public:
  /// Of rows of `n` words.
  PackedVector(const Reduction &k, int64_t step, int64_t n) : step(step), reduction(k) {
    const int64_t shift = k.vector[1] % step ? 0 : k.vector[1] / step;
    isShifted = shift > 0 && shift <= n;
    rows = isShifted ? k.n[0] : k.n[0] * k.n[1];
    length = isShifted ? n + shift * (k.n[1] - 1) : n;
    packed = k;
    packed.vector[0] = isShifted ? length : k.n[1] * length;
    packed.vector[1] = isShifted ? shift : length;
  }
  int64_t size() const { return rows * length; }
  const Reduction &walk() const { return packed; }
  void fill(uint32_t *to, const uint32_t *from) const {
    const int64_t inner = isShifted ? 1 : reduction.n[1];
    for (int64_t row = 0; row != rows; ++row, to += length) {
      const uint32_t *word = from + row / inner * reduction.vector[0] + row % inner * reduction.vector[1];
      for (int64_t j = 0; j != length; ++j)
        to[j] = word[j * step];
    }
  }

private:
  int64_t step, rows, length;
  bool isShifted;
  Reduction reduction, packed;
};

/// Takes the nest if it is dst += a * b with a row of dst (stride 1) and b (any stride) against one a (or the other way
/// round), reduced over the dimension outside it.
inline bool fmaAccumulates(const Nest &nest) {
  int last = nest.rank - 1;
  if (nest.rank < 2 || nest.stride[0][last] != 1 || nest.stride[0][last - 1] != 0 || !isDestination(nest, 3) ||
      !isApart(nest, 1) || !isApart(nest, 2))
    return false;
  int scalar = nest.stride[1][last] == 0 ? 1 : 2, vector = 3 - scalar;
  const int64_t step = nest.stride[vector][last];
  if (nest.stride[scalar][last] != 0 || step == 0)
    return false;
  const int64_t n = nest.n[last];
  // The two innermost reduced dimensions, or one.
  Reduction k{{1, nest.n[last - 1]}, {0, nest.stride[scalar][last - 1]}, {0, nest.stride[vector][last - 1]}};
  int block = last - 2;
  if (block >= 0 && nest.stride[0][block] == 0) {
    k.n[0] = nest.n[block];
    k.scalar[0] = nest.stride[scalar][block];
    k.vector[0] = nest.stride[vector][block];
    --block;
  }
  // A dimension outside whose rows are disjoint and share the vector operand is blocked by four.
  const bool blocked =
      block >= 0 && (nest.stride[0][block] >= n || nest.stride[0][block] <= -n) && nest.stride[vector][block] == 0;
  int64_t rows = 1, ds = 0, ar = 0;
  if (blocked)
    rows = nest.n[block], ds = nest.stride[0][block], ar = nest.stride[scalar][block];
  // Packing costs about as much as two products for each word.
  constexpr int64_t kMostPacked = 8192;
  const PackedVector pack(k, step, n);
  if (step != 1 && (n < 4 || pack.size() > kMostPacked || 2 * pack.size() > n * k.n[0] * k.n[1] * rows))
    return false;
  const Reduction &walk = step == 1 ? k : pack.walk();
  Nest outer = nest;
  outer.rank = (blocked ? block : block + 1) + 1; // the last one stands for what is done inside
  outer.n[outer.rank - 1] = 1;
  forEachRow(outer, [&](const int64_t *at) {
    uint32_t *d = nest.data[0] + at[0];
    const uint32_t *a = nest.data[scalar] + at[scalar], *b = nest.data[vector] + at[vector];
    uint32_t packed[kMostPacked];
    if (step != 1) {
      pack.fill(packed, b);
      b = packed;
    }
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4)
      fmaRows<4>(d + r * ds, ds, a + r * ar, ar, b, walk, n);
    for (; r < rows; ++r)
      fmaRows<1>(d + r * ds, ds, a + r * ar, ar, b, walk, n);
  });
  return true;
}

//===- Dispatch -----------------------------------------------------------===//

/// One row of an operation that may end the run, element by element.
template <VectorOp op, ElementType type> KernelStatus checkedRow(const Row &r) {
  for (int64_t i = 0; i < r.n; ++i) {
    const uint32_t a = r.a[i * r.as], b = arity<op>() > 1 ? r.b[i * r.bs] : 0, c = arity<op>() > 2 ? r.c[i * r.cs] : 0;
    if (divides(op, type) && !b)
      return KernelStatus::DivideByZero;
    if constexpr (isChecked(op)) {
      const int64_t value = exact<op>(a, b, c);
      if (value != static_cast<int32_t>(value))
        return KernelStatus::Overflow;
      r.d[i * r.ds] = static_cast<uint32_t>(value);
    } else {
      r.d[i * r.ds] = apply<op, type>(a, b, c);
    }
  }
  return KernelStatus::Done;
}

template <VectorOp op, ElementType type> KernelStatus run(const KernelCall &call) {
  constexpr int sources = arity<op>();
  Nest nest = normalise(call, sources + 1);
  if constexpr (op == VectorOp::Fma && type == ElementType::F32)
    if (fmaAccumulates(nest))
      return KernelStatus::Done;
  bool free[4];
  for (int k = 1; k <= sources; ++k)
    free[k] = rowFree(nest, k);
  int last = nest.rank - 1;
  bool allFree = true;
  for (int k = 1; k <= sources; ++k)
    allFree &= free[k];
  bool folds = false;
  if constexpr (sources >= 2) {
    // dst = op(dst, b) or dst = a * b + dst along a row of one word.
    constexpr int own = sources == 2 ? 1 : 3;
    folds = nest.stride[0][last] == 0 && nest.stride[own][last] == 0 && nest.data[own] == nest.data[0] && free[own];
    for (int k = 1; k <= sources; ++k)
      folds &= k == own || isApart(nest, k);
    folds &= op != VectorOp::Select && !mayFail(op, type);
  }
  KernelStatus status = KernelStatus::Done;
  auto rowAt = [&](const int64_t *at) {
    Row r;
    r.d = nest.data[0] + at[0], r.ds = nest.stride[0][last];
    r.a = nest.data[1] + at[1], r.as = nest.stride[1][last];
    r.b = sources > 1 ? nest.data[2] + at[2] : nullptr, r.bs = sources > 1 ? nest.stride[2][last] : 0;
    r.c = sources > 2 ? nest.data[3] + at[3] : nullptr, r.cs = sources > 2 ? nest.stride[3][last] : 0;
    r.n = nest.n[last];
    return r;
  };
  if constexpr (sources >= 2)
    if (folds && last >= 1 && nest.stride[0][last - 1] != 0 && nest.n[last - 1] >= 8) {
      const int64_t rows = nest.n[last - 1];
      int64_t next[4];
      for (int k = 0; k <= sources; ++k)
        next[k] = nest.stride[k][last - 1];
      Nest outer = nest;
      outer.rank = last;
      outer.n[last - 1] = 1;
      forEachRow(outer, [&](const int64_t *at) {
        Row r = rowAt(at);
        int64_t j = 0;
        auto step = [&](int64_t by) {
          r.d += by * next[0];
          r.a += by * next[1];
          r.b += by * next[2];
        };
        for (; j + 8 <= rows; j += 8, step(8))
          accumulate8<op, type>(r, next);
        for (; j < rows; ++j, step(1))
          accumulate<op, type>(r);
      });
      return status;
    }
  forEachRow(nest, [&](const int64_t *at) {
    const Row r = rowAt(at);
    if constexpr (mayFail(op, type)) {
      if (status == KernelStatus::Done)
        status = checkedRow<op, type>(r);
      return;
    }
    if constexpr (sources >= 2)
      if (folds)
        return accumulate<op, type>(r);
    row<op, type>(r, allFree);
  });
  return status;
}

inline KernelStatus iota(const KernelCall &call) {
  Nest nest = normalise(call, 1);
  (void)nest;
  int64_t i[4] = {0, 0, 0, 0};
  while (true) {
    int64_t at = 0;
    uint32_t value = call.iotaBase;
    for (int d = 0; d != call.rank; ++d) {
      at += i[d] * call.operand[0].stride[d];
      value += static_cast<uint32_t>(i[d]) * static_cast<uint32_t>(call.operand[1].stride[d]);
    }
    call.operand[0].data[at] = value;
    int d = call.rank - 1;
    for (; d >= 0; --d) {
      if (++i[d] < call.extent[d])
        break;
      i[d] = 0;
    }
    if (d < 0)
      return KernelStatus::Done;
  }
}

/// By the table: an operation on bits is compiled once, others for each type that they are defined on.
template <VectorOp op> KernelStatus runOp(const KernelCall &call) {
  constexpr VectorTypes types = vectorOpInfo(op)->types;
  if constexpr (op == VectorOp::Iota)
    return iota(call);
  else if constexpr (types == VectorTypes::Both)
    return call.type == ElementType::F32 ? run<op, ElementType::F32>(call) : run<op, ElementType::I32>(call);
  else
    return run<op, types == VectorTypes::F32 ? ElementType::F32 : ElementType::I32>(call);
}

KernelStatus runKernel(const KernelCall &call) {
  switch (call.op) {
#define WAFER_VECTOR_OP(NAME, NUMBER, MNEMONIC, ARITY, TYPES, COST, HELPER)                                            \
  case VectorOp::NAME:                                                                                                 \
    return runOp<VectorOp::NAME>(call);
#include "wafer/Program/VectorOps.def"
  }
  return KernelStatus::Done;
}

} // namespace
} // namespace wafer::emulator
