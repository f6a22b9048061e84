// The page's few pictograms, drawn here: 24 x 24, a line in the colour of the text. They are never the only name of a thing.

const PATHS = {
  enhance: "M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2.5 2.5M15.5 15.5 18 18M18 6l-2.5 2.5M8.5 15.5 6 18",
  styles: "M4 20c3 0 5-1 5-3.5S7.500 13 6 14s-1 4-2 6zM9 15 19 4l1 1L10 16",
  classify: "M5 19V9M12 19V5M19 19v-7",
  detect: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9.500 9.500h5v5h-5z",
  history: "M4 12a8 8 0 1 0 2.500-5.800L4 8.500M4 4v4.500h4.500M12 8v4.500l3 2",
  status: "M3 12h4l3-7 4 14 3-7h4",
  about: "M12 11v6M12 7.500v.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  upload: "M12 16V5M7.500 9.500 12 5l4.500 4.500M5 19h14",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z",
  download: "M12 5v11M7.500 11.500 12 16l4.500-4.500M5 19h14",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  share: "M8.500 13.500l7 4M15.500 6.500l-7 4M6 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM18 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM18 22a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  poster: "M6 3h12v18H6zM9 6h6v6H9zM9 16h3M9 18.500h6",
  next: "M5 12h13M13 7l5 5-5 5",
  close: "M6 6l12 12M18 6 6 18",
  remove: "M5 7h14M10 4h4M7 7l1 13h8l1-13",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  stop: "M6 6h12v12H6z",
  switch: "M4 9h13l-3-3M20 15H7l3 3",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M18.400 5.600 17 7M7 17l-1.400 1.400",
  moon: "M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500z",
  auto: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 3v18",
  zoomIn: "M11 8v6M8 11h6M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4 4",
  zoomOut: "M8 11h6M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4 4",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  key: "M14.500 13.500a4.500 4.500 0 1 0-4-4L4 16v4h4v-2.500h2.500V15z",
  check: "M5 12.500 10 17.500 19 7",
  warning: "M12 4 2.500 20h19zM12 10v5M12 17.500v.5",
  plus: "M12 5v14M5 12h14",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  heart: "M12 20s-7.500-4.500-7.500-10A4.200 4.200 0 0 1 12 7.500 4.200 4.200 0 0 1 19.500 10c0 5.500-7.500 10-7.500 10z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
