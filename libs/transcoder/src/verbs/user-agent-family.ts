/** What a user agent becomes that is none of those below, or whose system is none of those below. */
const OTHER_FAMILY = '(other)'

interface Mark {
  readonly name: string
  readonly mark: RegExp
}

/** First match wins: browsers made from another one carry its marks too. */
const BROWSERS: readonly Mark[] = [
  { name: 'Edge', mark: /\b(Edg|EdgA|EdgiOS|Edge)\// },
  { name: 'Opera', mark: /\b(OPR|OPT|OPiOS|Opera)\// },
  { name: 'Samsung Internet', mark: /\bSamsungBrowser\// },
  { name: 'Firefox', mark: /\b(Firefox|FxiOS)\// },
  { name: 'Chrome', mark: /\b(Chrome|CriOS)\// },
  // Versions are short. Without a bound a text that repeats "Version/" would take time that grows with its square.
  { name: 'Safari', mark: /\bVersion\/\S{1,32} (Mobile\/\S{1,32} )?Safari\// },
]

const SYSTEMS: readonly Mark[] = [
  { name: OTHER_FAMILY, mark: /Windows Phone|Tizen|KAIOS/ },
  { name: 'iOS', mark: /\((iPhone|iPod)/ },
  { name: 'iPadOS', mark: /\(iPad/ },
  { name: 'Android', mark: /\bAndroid\b/ },
  { name: 'ChromeOS', mark: /\bCrOS\b/ },
  { name: 'Windows', mark: /\bWindows NT\b/ },
  { name: 'macOS', mark: /\(Macintosh/ },
  { name: 'Linux', mark: /\bLinux\b/ },
]

/** Programs that name themselves: no person's browser, whatever they add. "CUBOT" is a maker of telephones. */
const PROGRAM = /(?<!cu)bot\b|crawler|spider|HeadlessChrome|compatible; /i

/**
 * `<browser> on <system>`, such as `Firefox on Windows`, from the user agents that browsers send; never a version, a
 * device or anything else of the text. Both names come from the closed lists above; a text that lacks either is
 * "(other)", since a rare half would tell the person apart.
 */
export function familyOf(userAgent: string): string {
  if (PROGRAM.test(userAgent)) return OTHER_FAMILY
  const browser = find(BROWSERS, userAgent)
  const system = find(SYSTEMS, userAgent)
  return browser === OTHER_FAMILY || system === OTHER_FAMILY ? OTHER_FAMILY : `${browser} on ${system}`
}

function find(marks: readonly Mark[], text: string): string {
  return marks.find(({ mark }) => mark.test(text))?.name ?? OTHER_FAMILY
}
