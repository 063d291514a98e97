#pragma once
// Products of 16x16 fragments, each whole in every lane, with the alignments that the real ones ask for.
#include <cstdio>
#include <cstdlib>
#include <type_traits>

#include "emulator.h"

namespace nvcuda::wmma {

struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int m, int n, int k, class T, class Layout = void>
struct fragment {
  static_assert(m == 16 && n == 16 && k == 16);
  float at[16][16];
};

inline void check_place(const void* place, size_t pitch_bytes) {
  if (reinterpret_cast<uintptr_t>(place) % 32 == 0 && pitch_bytes % 16 == 0) return;
  std::fprintf(stderr, "emulator: wmma at %p with rows of %zu bytes\n", place, pitch_bytes);
  std::abort();
}

template <class Fragment>
void fill_fragment(Fragment& fragment, float value) {
  for (auto& row : fragment.at)
    for (float& item : row) item = value;
}

template <class Use, class T, class Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, Layout>& to, const T* from, unsigned pitch) {
  check_place(from, pitch * sizeof(T));
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j)
      to.at[i][j] = static_cast<float>(std::is_same_v<Layout, row_major> ? from[i * pitch + j] : from[j * pitch + i]);
}

template <class Sum, class A, class B>
void mma_sync(Sum& to, const A& a, const B& b, const Sum& add) {
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      float sum = add.at[i][j];
      for (int k = 0; k < 16; ++k) sum += a.at[i][k] * b.at[k][j];
      to.at[i][j] = sum;
    }
}

template <class Sum>
void store_matrix_sync(float* to, const Sum& from, unsigned pitch, layout_t) {
  check_place(to, pitch * sizeof(float));
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) to[i * pitch + j] = from.at[i][j];
}

}  // namespace nvcuda::wmma
