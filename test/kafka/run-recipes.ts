import type { KafkaLab } from './lab.ts'
import type { Recipe } from './recipe.ts'

interface Total {
  readonly recipes: number
  readonly failed: number
  readonly lost: number
  readonly repeated: number
}

/** A recipe that waits for what never comes must not hold up the others. */
const RECIPE_WITHIN_MS = 180_000

/** Runs recipes one after the other and writes a line for each, then one for all: NDJSON, or text for people. */
export async function runRecipes(
  recipes: readonly Recipe[],
  lab: KafkaLab,
  write: (line: string) => void,
  json: boolean,
): Promise<Total> {
  const total = { recipes: 0, failed: 0, lost: 0, repeated: 0 }
  for (const recipe of recipes) {
    total.recipes++
    const { name } = recipe
    try {
      const { did, lost, repeated } = await within(RECIPE_WITHIN_MS, inLab(recipe, lab))
      total.lost += lost
      total.repeated += repeated
      const verdict = lost + repeated === 0 ? 'ok  ' : 'BAD '
      write(
        json
          ? JSON.stringify({ name, did, lost, repeated })
          : `${verdict} ${name}\n     ${did}${counts(lost, repeated)}`,
      )
    } catch (error) {
      total.failed++
      const failed = error instanceof Error ? error.message : String(error)
      write(json ? JSON.stringify({ name, failed }) : `FAIL ${name}\n     ${failed}`)
    }
  }
  const { recipes: count, failed, lost, repeated } = total
  const last = failed > 0 ? { recipes: count, failed, lost, repeated } : { recipes: count, lost, repeated }
  write(json ? JSON.stringify(last) : `${count} recipes, ${failed} failed, ${lost} records lost, ${repeated} repeated`)
  return total
}

async function inLab(recipe: Recipe, lab: KafkaLab) {
  await lab.open()
  try {
    return await recipe.run(lab)
  } finally {
    await lab.close()
  }
}

function counts(lost: number, repeated: number): string {
  return lost + repeated === 0 ? '' : ` (lost ${lost}, repeated ${repeated})`
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
