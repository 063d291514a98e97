/** Words and unlabelled images in, masks out. See README.md; every name here is documented where it is defined. */

export type { SegmenterAugment, SegmenterMetrics, TrainMetrics } from '../binding'
export type { AddProgress, AddRun } from './archive/add-run'
export { Archive } from './archive/archive'
export type { ArchiveStats, IndexKind, IndexOptions, IndexReport, OptimizeOptions, Recall, RowField } from './archive/contract'
export { type Embedded, type EmbedOptions, embedImages } from './archive/embed'
export type { ArchiveModel } from './archive/identity'
export type { AddImagesOptions, AddOptions, ArchiveOptions, RowsOptions, SearchOptions } from './archive/options'
export type { QueryPart, SearchQuery } from './archive/query'
export type { ArchiveRecord } from './archive/records'
export type {
  ArchiveRow,
  Box,
  EmbeddedRow,
  ImagePlace,
  Metadata,
  Reject,
  SearchHit,
  Shard,
  SourceImage,
} from './archive/types'
export { Clip } from './clip/clip'
export type { ClipInfo } from './clip/info'
export type {
  ClassifyOptions,
  ClipOptions,
  DenseFeatureOptions,
  EncodeImageOptions,
  EncodeTextOptions,
  ImageSize,
  PreprocessOptions,
  Slide,
} from './clip/options'
export { type CuratedClass, type CuratedImage, CuratedSet, type Presence } from './curate/curated-set'
export { type Decision, readDecisions } from './curate/decisions'
export type { CurateOptions } from './curate/options'
export type { ReviewOptions } from './curate/review/review'
export type { DedupeCost, DedupeOptions, DedupeReport, Duplicate, DuplicateOf } from './dedupe/dedupe'
export { type DenseFeatures, Encoder } from './encoder/encoder'
export type { EncoderInfo } from './encoder/info'
export type { EncoderFeatureOptions, EncoderOptions } from './encoder/options'
export type { FailedRecord } from './engine/attempts'
export type { RunProgress, RunSummary } from './engine/coordinate'
export { type IndexOptions as IndexSourcesOptions, indexSources } from './engine/index-sources'
export type { QueueOptions } from './engine/queue-options'
export type { WorkersOptions } from './engine/run-shards'
export type { Part } from './engine/static'
export { indexStatus, type RunStatus, type StatusOptions } from './engine/status'
export { runWorker, type WorkerEvent, type WorkerOptions } from './engine/worker'
export { type ErrorCode, WordmaskError } from './errors'
export type { ExportFormat, ExportOptions, ExportReport } from './export/export'
export { type DecodeOptions, decodeImage } from './image/decode'
export type { ImageInput, ImageInputs, RawImage } from './image/input'
export { type LabelMap, readLabelMap } from './image/labels'
export { type ExportedModel, type ExportModelOptions, exportModel } from './onnx/export'
export type { RunOptions, Tensor } from './options'
export type { ImagesMode } from './pseudo/folder'
export type { PseudoLabelled, PseudoLabelOptions } from './pseudo/options'
export { pseudoLabel } from './pseudo/pseudo-label'
export type { LabelSources } from './pseudo/shards'
export type { RecoOptions, RetrieveOptions } from './reco/options'
export type { RecoProtocol } from './reco/protocol'
export type { ReferenceAbout } from './reco/reference'
export type { CrfOptions, PamrOptions, Refine, Refinement } from './refine/options'
export type {
  Background,
  MaskClipOptions,
  MaskOptions,
  ScoreOptions,
  SegmentAllOptions,
  SegmenterLoadOptions,
  SegmenterOptions,
  SegmentOptions,
} from './segmenter/options'
export { compressRuns, expandRuns, type Rle } from './segmenter/rle'
export type { SaveOptions } from './segmenter/save'
export { type Mask, type Protocol, Segmentation, type SegmentFailure } from './segmenter/segmentation'
export { Segmenter } from './segmenter/segmenter'
export type { BoxesSpec, ImageItem, ListColumns, SourceInput, SourceKind, SourceOptions, SourceSpec } from './sources'
export { buildSpecialist } from './specialist/build'
export type { CardName, SpecialistCard } from './specialist/card'
export type { ImageFigures, Threshold } from './specialist/figures'
export type { AbsentName, BuildSpecialistOptions, Specialist, SpecialistStage, SpecialistTraining } from './specialist/options'
export { classesFromArgument, parseClassText, readClassFile } from './text/class-file'
export { type ClassEntry, type ClassSpec, parseClasses } from './text/classes'
export type { Templates } from './text/prompts'
export { Tokenizer, type TokenTensor } from './text/tokenizer'
export type { TrainedClip, TrainOptions } from './train/options'
export type { LabelledFolder, TrainedSegmenter, TrainingSize, TrainSegmenterOptions } from './train/segmenter/options'
export { trainSegmenter } from './train/segmenter/train'
export { trainClip } from './train/train'
export { type CocoImage, cocoAnnotations, cocoCategories, writeCoco } from './write/coco'
export { writeCsv } from './write/csv'
export { writeCutouts } from './write/cutouts'
export { writeCvat } from './write/cvat'
export type { LabelledImage } from './write/dataset-image'
export { jsonLine } from './write/jsonl'
export { encodeLabelMap, type Labelled, writeLabelMap } from './write/label-map'
export { type LabelStudioOptions, labelStudioConfig, writeLabelStudio } from './write/label-studio'
export { type OverlayOptions, writeOverlay } from './write/overlay'
export { maskPolygons } from './write/polygons'
export type { Outline } from './write/rings'
export { writeVoc } from './write/voc'
export { writeYolo, type YoloOptions } from './write/yolo'
