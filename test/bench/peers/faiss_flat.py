"""faiss: exact search by inner product, IndexFlatIP: {rows, dim, queries, k}. Result: the row numbers."""
import os

import faiss
from data import uniform
from serve import serve


def prepare(args):
    threads = int(os.environ["OMP_NUM_THREADS"])
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(args["dim"])
    index.add(uniform((args["rows"], args["dim"]), 1))
    queries = uniform((args["queries"], args["dim"]), 2)
    return {"run": lambda: index.search(queries, args["k"])[1], "versions": {"faiss": faiss.__version__}, "threads": threads}


serve(prepare)
