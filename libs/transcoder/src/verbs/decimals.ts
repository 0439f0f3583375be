/**
 * Rounds toward zero to so many digits after the point, as people see the number: what is cut is the shortest decimal
 * text that reads back as the number, so 0.29 stays 0.29 at two digits though its binary value lies below it, and what
 * was cut once is not changed by cutting again. A result of zero is +0: its sign would tell of what was cut away.
 * @param single whether it is a 32-bit float, whose shortest text is another
 * @returns null for NaN and the infinities, which have no digits
 */
export function cutDecimals(value: number, digits: number, single: boolean): number | null {
  if (!Number.isFinite(value)) return null
  const [mantissa = '', exponentText = ''] = shortest(value, single).split('e')
  const sign = mantissa.startsWith('-') ? '-' : ''
  const all = mantissa.replace(/[-.]/g, '')
  const exponent = Number(exponentText)
  const kept = Math.min(all.length, exponent + 1 + digits)
  if (kept <= 0) return 0
  return Number(`${sign}${all[0] ?? ''}.${all.slice(1, kept)}e${exponent}`)
}

/** In the form 1.25e-3. */
function shortest(value: number, single: boolean): string {
  if (!single) return value.toExponential()
  for (let digits = 0; digits < 8; digits++) {
    const text = value.toExponential(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toExponential(8)
}
