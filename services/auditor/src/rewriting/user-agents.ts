/** The closed lists of `family`, written down once more as the documentation of the verb has them. First match wins. */
const BROWSERS: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\b(?:Edg|EdgA|EdgiOS|Edge)\//],
  ['Opera', /\b(?:OPR|OPT|OPiOS|Opera)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bVersion\/\S{1,32} (?:Mobile\/\S{1,32} )?Safari\//],
]

const SYSTEMS: readonly (readonly [string | null, RegExp])[] = [
  [null, /Windows Phone|Tizen|KAIOS/],
  ['iOS', /\((?:iPhone|iPod)/],
  ['iPadOS', /\(iPad/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows NT\b/],
  ['macOS', /\(Macintosh/],
  ['Linux', /\bLinux\b/],
]

const PROGRAMS = /(?<!cu)bot\b|crawler|spider|HeadlessChrome|compatible; /i

export function familyOf(userAgent: string): string {
  const browser = BROWSERS.find(([, mark]) => mark.test(userAgent))?.[0] ?? null
  const system = SYSTEMS.find(([, mark]) => mark.test(userAgent))?.[0] ?? null
  return PROGRAMS.test(userAgent) || browser === null || system === null ? '(other)' : `${browser} on ${system}`
}
