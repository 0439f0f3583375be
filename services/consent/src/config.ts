import { resolve } from 'node:path'
import { z } from 'zod'

/** Addresses that only this machine can reach. Names other than localhost would be up to a resolver. */
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** What the consent service needs beyond the settings that all services share. */
export const consentServiceConfig = {
  WEIR_HTTP_HOST: z
    .string()
    .refine((host) => LOOPBACK.includes(host))
    .default('127.0.0.1')
    .describe(
      'Address on which the consent API and form are served: only 127.0.0.1, ::1 or localhost for now, ' +
        'since there is no TLS yet. Put a TLS proxy on the same machine in front of it',
    )
    .meta({ shown: true }),
  WEIR_HTTP_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('Port of the consent API and form, 0 to 65535; 0 takes a free one and logs it')
    .meta({ shown: true }),
  WEIR_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe('Address under which people reach the form (of the proxy in front); left out: the address bound'),
  WEIR_LEDGER_INDEX_FOLDER: z
    .string()
    .transform((folder) => resolve(folder))
    .optional()
    .describe(
      'Folder of this process’s own index of the ledger, made anew from the ledger whenever it is missing; left out: a ' +
        'temporary file, so that the ledger is read anew at each start',
    )
    .meta({ shown: true }),
  WEIR_SERVICE_TOKEN_FILE: z
    .string()
    .describe('File with the token that callers of the API send as a Bearer token: 32 characters or more, mode 0600')
    .meta({ shown: true }),
} as const
