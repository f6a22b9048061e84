// Every frame that a video shows.

/** Calls `tell` with the second of each frame that is shown; gives what ends that. */
export function eachFrame(video: HTMLVideoElement, tell: (time: number) => void): () => void {
  let asked = 0;
  if ("requestVideoFrameCallback" in video) {
    const next = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      asked = video.requestVideoFrameCallback(next);
      tell(mediaTime);
    };
    asked = video.requestVideoFrameCallback(next);
    return () => video.cancelVideoFrameCallback(asked);
  }
  // Browsers without it tell the time only: a new one is a new frame.
  const element: HTMLVideoElement = video;
  let last = -1;
  const next = () => {
    asked = requestAnimationFrame(next);
    if (element.currentTime === last) return;
    last = element.currentTime;
    tell(last);
  };
  asked = requestAnimationFrame(next);
  return () => cancelAnimationFrame(asked);
}
