// Included by tile_base.cc, tile_avx2.cc and tile_avx512.cc, each after its own `#pragma GCC target`, inside a
// namespace of its own. No function of another header may be used here: its one copy in the library would need the
// wider instructions. kLanes: floats in a vector; kRows, kVectors: the tile in registers.
constexpr int kColumns = kVectors * kLanes;
constexpr int kDotLanes = 64, kDotVectors = kDotLanes / kLanes, kLastLanes = 16;
constexpr int64_t kAhead = 4096;  // bytes, a page
constexpr int64_t kSummed = 512;  // units that one accumulator sums: more of them would round too often
constexpr float kLowest = -__builtin_inff();

typedef float Vector __attribute__((vector_size(4 * kLanes)));
typedef float Loose __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
typedef uint16_t Narrow __attribute__((vector_size(2 * kLanes), aligned(2), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * kLanes)));

inline Vector load(const float* from) { return *reinterpret_cast<const Loose*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Loose*>(to) = value; }
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }

template <uint32_t distance, uint32_t... lanes>
inline float largest(Vector values, std::integer_sequence<uint32_t, lanes...> all) {
  values = larger(values, __builtin_shuffle(values, Bits{(lanes ^ distance)...}));
  if constexpr (distance == 1)
    return values[0];
  else
    return largest<distance / 2>(values, all);
}
inline float largest(Vector values) {
  return largest<kLanes / 2>(values, std::make_integer_sequence<uint32_t, kLanes>());
}

struct Float {
  using Element = float;
  static Vector read(const float* from) { return load(from); }
};
struct Bfloat16 {
  using Element = uint16_t;
  static Vector read(const uint16_t* from) {
    return reinterpret_cast<Vector>(__builtin_convertvector(*reinterpret_cast<const Narrow*>(from), Bits) << 16);
  }
};
struct Half {
  using Element = uint16_t;
  static Vector read(const uint16_t* from) {
#ifdef WORDMASK_READ_HALF
    return WORDMASK_READ_HALF(from);
#else
    // The exponent is rebased by a product, exact for subnormal numbers too; infinities and NaN keep theirs full.
    const Bits half = __builtin_convertvector(*reinterpret_cast<const Narrow*>(from), Bits);
    const Bits magnitude = (half & 0x7fffu) << 13;
    const Bits rebased = reinterpret_cast<Bits>(reinterpret_cast<Vector>(magnitude) * 0x1p112f);
    const Bits full = (half & 0x7c00u) == 0x7c00u ? magnitude | 0x7f800000u : rebased;
    return reinterpret_cast<Vector>(full | (half & 0x8000u) << 16);
#endif
  }
};

// The sums of the first block of units, or those of a later one added to what is there.
inline void add_block(const Vector (&sums)[kRows][kVectors], bool first, float* out, int64_t out_stride) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + r * out_stride + v * kLanes;
      store(to, first ? sums[r][v] : sums[r][v] + load(to));
    }
  }
}

void multiply(const float* rows, int64_t stride, const float* panel, int64_t units, float* out, int64_t out_stride) {
  for (int64_t begin = 0; begin == 0 || begin < units; begin += kSummed) {
    const int64_t end = units - begin < kSummed ? units : begin + kSummed;
    Vector sums[kRows][kVectors] = {};
    for (int64_t u = begin; u < end; ++u) {
      Vector columns[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) columns[v] = load(panel + u * kColumns + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const float x = rows[r * stride + u];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums[r][v] = x * columns[v] + sums[r][v];
      }
    }
    add_block(sums, begin == 0, out, out_stride);
  }
}

template <class Type>
inline Vector read_tail(const typename Type::Element* from, int64_t size, int vector) {
  typename Type::Element padded[kLanes] = {};
  for (int i = 0; i < kLanes && vector * kLanes + i < size; ++i) padded[i] = from[vector * kLanes + i];
  return Type::read(padded);
}

// One row at a time: one stream of reads in order is what the machine fetches best. It stops at the end of a page, and
// cannot know where a row begins that lies apart: so it is told what comes.
template <class Type>
inline float dot(const typename Type::Element* row, const typename Type::Element* next, const float* query,
                 int64_t size) {
  constexpr int kLine = 64 / sizeof(*row);
  Vector sums[kDotVectors] = {};
  int64_t i = 0;
  for (; i + kDotLanes <= size; i += kDotLanes) {
    for (int line = 0; line < kDotLanes / kLine; ++line) __builtin_prefetch(next + i + line * kLine);
#pragma GCC unroll 16
    for (int v = 0; v < kDotVectors; ++v)
      sums[v] = Type::read(row + i + v * kLanes) * load(query + i + v * kLanes) + sums[v];
  }
  for (int v = 0; i < size; ++v, i += kLanes) {
    const Vector last = i + kLanes <= size ? Type::read(row + i) : read_tail<Type>(row + i, size - i, 0);
    sums[v] = last * load(query + i) + sums[v];
  }
#pragma GCC unroll 4
  for (int half = kDotVectors / 2; half * kLanes >= kLastLanes; half /= 2)
#pragma GCC unroll 8
    for (int v = 0; v < half; ++v) sums[v] += sums[v + half];
  float lanes[kLastLanes];
  for (int v = 0; v < kLastLanes / kLanes; ++v) store(lanes + v * kLanes, sums[v]);
  for (int half = kLastLanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

template <class Type>
void dots(const void* const* stored, int64_t count, const float* query, int64_t size, float* dots) {
  using Element = typename Type::Element;
  const auto row = [&](int64_t r) { return static_cast<const Element*>(stored[r]); };
  if (count > 1 && row(count - 1) - row(0) != (count - 1) * size)
    for (int64_t r = 0; r < count; ++r) dots[r] = dot<Type>(row(r), row(r + 1 < count ? r + 1 : r), query, size);
  else
    for (int64_t r = 0; r < count; ++r) dots[r] = dot<Type>(row(r), row(r) + kAhead / sizeof(Element), query, size);
}

template <class Type>
void widen(const uint16_t* from, int64_t size, float* to) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(to + i, Type::read(from + i));
  if (i == size) return;
  const Vector last = read_tail<Type>(from + i, size - i, 0);
  for (int lane = 0; i < size; ++i, ++lane) to[i] = last[lane];
}

// A last vector may cover values a second time: they are no larger than they were.
float row_maximum(const float* scores, const float* weights, int64_t size) {
  float maximum = kLowest;
  if (size < kLanes) {
    for (int64_t i = 0; i < size; ++i) {
      const float value = scores[i] * weights[i];
      maximum = value > maximum ? value : maximum;
    }
    return maximum;
  }
  const auto product = [&](int64_t i) { return load(scores + i) * load(weights + i); };
  Vector best = product(size - kLanes), second = best;
  int64_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    best = larger(product(i), best);
    second = larger(product(i + kLanes), second);
  }
  if (i + kLanes <= size) best = larger(product(i), best);
  return largest(larger(best, second));
}

void column_maxima(const float* scores, float weight, int64_t size, float* maxima) {
  if (size < kLanes) {
    for (int64_t i = 0; i < size; ++i) {
      const float value = scores[i] * weight;
      maxima[i] = value > maxima[i] ? value : maxima[i];
    }
    return;
  }
  const auto update = [&](int64_t i) { store(maxima + i, larger(load(scores + i) * weight, load(maxima + i))); };
  for (int64_t i = 0; i + kLanes <= size; i += kLanes) update(i);
  update(size - kLanes);
}

bool any_reaches(const float* scores, const float* floors, int64_t size) {
  Bits found = {};
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) found |= load(scores + i) >= load(floors + i) ? Bits{} + 1u : Bits{};
  uint32_t any = 0;
  for (int lane = 0; lane < kLanes; ++lane) any |= found[lane];
  for (; i < size; ++i) any |= scores[i] >= floors[i];
  return any != 0;
}

constexpr TileKernels table(const char* name, TileKernels::Multiply multiply_pairs) {
  return {name,           kRows,       kColumns,        multiply,    multiply_pairs, dots<Float>, dots<Half>,
          dots<Bfloat16>, widen<Half>, widen<Bfloat16>, row_maximum, column_maxima,  any_reaches};
}
