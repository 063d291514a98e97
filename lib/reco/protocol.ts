import type { Settings } from './making'

/** How references were made and images seen; the rest is in the protocol that every method has. */
export interface RecoProtocol extends Pick<Settings, 'k' | 'window' | 'guidance' | 'elimination' | 'contexts'> {
  readonly encoder: string
  /** What the encoder saw of the image, in pixels. */
  readonly encoderSize: { readonly width: number; readonly height: number }
  /** Side of the square that reference images were seen as, in pixels. */
  readonly referenceSize: number
  /** The model that found the images. */
  readonly retrieval: string
}
