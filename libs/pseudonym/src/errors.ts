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

/** A sealed record did not open: other version, topic or key, or changed bytes. Never has its content. */
export class SealError extends Error {
  readonly code = 'WEIR_SEAL'
  override readonly name = 'SealError'
}

/** No root key of this epoch is here. Nothing can be said under it until it is brought back. */
export class KeyEpochMissingError extends Error {
  readonly code = 'WEIR_KEY_EPOCH_MISSING'
  override readonly name = 'KeyEpochMissingError'
  readonly epoch: number

  constructor(epoch: number) {
    super(
      `there is no root key of epoch ${epoch}: put its file ${epoch}.key back into the folder that WEIR_ROOT_KEY_FILE ` +
        'names (a single file is epoch 1), and start again',
    )
    this.epoch = epoch
  }
}
