// A camera's frame of the moment, as a JPEG that is sent and as a picture that is shown with its boxes.

/** The most pixels of a frame that is sent, its longer and its shorter side. */
const [LONGER, SHORTER] = [640, 480];
const QUALITY = 0.7;

export interface Grabbed {
  frame: ImageBitmap;
  body: Blob;
}

/** What newer browsers tell of a frame besides. */
interface Turned {
  rotation?: number;
  flip?: boolean;
}

export class Grabber {
  #canvas = new OffscreenCanvas(1, 1);
  #context = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  #pixels = new ImageData(1, 1);
  #planes = new Uint8Array(0);

  /** Null while the camera has no frame yet. One at a time. */
  async grab(video: HTMLVideoElement): Promise<Grabbed | null> {
    const { videoWidth: across, videoHeight: down } = video;
    if (!across || !this.#context) return null;
    const scale = Math.min(1, LONGER / Math.max(across, down), SHORTER / Math.min(across, down));
    const [width, height] = [Math.max(1, Math.round(across * scale)), Math.max(1, Math.round(down * scale))];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    if (scale < 1 || !(await this.#copied(video, this.#context))) this.#context.drawImage(video, 0, 0, width, height);
    const body = await this.#canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return { frame: this.#canvas.transferToImageBitmap(), body };
  }

  /**
   * Copies the frame's pixels where the browser has them as cameras give them: drawing the frame would wait for all that is painted on the page.
   * False where that can't be done.
   */
  async #copied(video: HTMLVideoElement, context: OffscreenCanvasRenderingContext2D): Promise<boolean> {
    if (!("VideoFrame" in globalThis)) return false;
    const { width, height } = this.#canvas;
    let frame: (VideoFrame & Turned) | null = null;
    try {
      frame = new VideoFrame(video);
      const { visibleRect, format } = frame;
      if ((format !== "NV12" && format !== "I420") || visibleRect?.width !== width || visibleRect.height !== height || frame.rotation || frame.flip) return false;
      if (this.#pixels.width !== width || this.#pixels.height !== height) this.#pixels = new ImageData(width, height);
      const bytes = frame.allocationSize();
      if (this.#planes.length !== bytes) this.#planes = new Uint8Array(bytes);
      const layout = await frame.copyTo(this.#planes);
      toRgb(this.#planes, layout, frame.colorSpace, this.#pixels);
      context.putImageData(this.#pixels, 0, 0);
      return true;
    } catch {
      return false;
    } finally {
      frame?.close();
    }
  }
}

/** A frame of one brightness a pixel and two colours for each four pixels (NV12, I420), as red, green and blue. */
function toRgb(from: Uint8Array, layout: PlaneLayout[], { matrix, fullRange }: VideoColorSpace, { data, width, height }: ImageData): void {
  const [luma, blue, red] = layout;
  if (!luma || !blue) throw new Error("no planes");
  // NV12 has both colours side by side in one plane, I420 each in its own.
  const [step, redAt, redStride] = red ? [1, red.offset, red.stride] : [2, blue.offset + 1, blue.stride];
  const [kr, kb] = matrix === "bt709" ? [0.2126, 0.0722] : [0.299, 0.114];
  const [black, scale, range] = fullRange ? [0, 1, 1] : [16, 255 / 219, 255 / 224];
  const [redOf, blueOf] = [2 * (1 - kr) * range, 2 * (1 - kb) * range];
  const [greenOfRed, greenOfBlue] = [(redOf * kr) / (1 - kr - kb), (blueOf * kb) / (1 - kr - kb)];
  for (let y = 0; y < height; y += 1) {
    let at = y * width * 4;
    const [row, blues, reds] = [luma.offset + y * luma.stride, blue.offset + (y >> 1) * blue.stride, redAt + (y >> 1) * redStride];
    for (let x = 0; x < width; x += 1, at += 4) {
      const light = ((from[row + x] ?? 0) - black) * scale;
      const colour = (x >> 1) * step;
      const [u, v] = [(from[blues + colour] ?? 0) - 128, (from[reds + colour] ?? 0) - 128];
      data[at] = light + redOf * v;
      data[at + 1] = light - greenOfRed * v - greenOfBlue * u;
      data[at + 2] = light + blueOf * u;
      data[at + 3] = 255;
    }
  }
}
