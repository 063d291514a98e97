#pragma once
#include <ATen/core/Tensor.h>

#include "base/cancel.h"
#include "base/image.h"
#include "kernels/topk_similarity/topk_similarity.h"
#include "pipeline/mapped_vectors.h"

namespace wordmask::pipeline {

struct Found {
  at::Tensor scores;   // float32 [q, min(k, rows)], largest first; -inf where fewer rows are left
  at::Tensor indices;  // float64 of the same shape, as JavaScript counts rows; -1 where fewer are left
};

// kernels::topk_similarity over a whole file, a piece of it at a time: cancelled and reported between pieces (done and
// total: rows). The same rows and scores as in one piece, ties by the lower row.
//
// Reads each row once for up to 128 queries; 2 q n d FLOPs. Memory beside the answer (12 q k bytes): as much again
// twice, for a piece and for what is found, and what the kernel takes. ERR_WORDMASK_VECTORS: the file was cut short
// meanwhile.
Found vector_search(const MappedVectors& vectors, const at::Tensor& query, const kernels::TopkOptions& options,
                    const Cancel& cancel, const Progress& progress);

// The same with the number of rows a piece, a multiple of 8, given.
Found vector_search(const MappedVectors& vectors, const at::Tensor& query, const kernels::TopkOptions& options,
                    int64_t piece, const Cancel& cancel, const Progress& progress);

// The rows with these numbers (float64 [m], each whole and in 0 .. rows - 1) as float32 [m, dim].
at::Tensor take_rows(const MappedVectors& vectors, const at::Tensor& indices);

}  // namespace wordmask::pipeline
