/** A canonical id has no bytes after its kind: it stands for nobody, so its event is quarantined. */
export class EmptyIdError extends Error {
  readonly code = 'WEIR_ID_EMPTY'
  override readonly name = 'EmptyIdError'

  constructor() {
    super('an id is empty: it stands for nobody')
  }
}

/** A key, salt, nonce or id of the wrong size or form. The message never has the value. */
export class KeyMaterialError extends Error {
  readonly code = 'WEIR_KEY_MATERIAL'
  override readonly name = 'KeyMaterialError'
}

/** A sealed record did not open: other version, key epoch, topic or key, or changed bytes. Never has its content. */
export class SealError extends Error {
  readonly code = 'WEIR_SEAL'
  override readonly name = 'SealError'
}
