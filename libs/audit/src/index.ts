export { AUDIT_TOPIC, AuditRecordError, type ChunkAudit, decodeChunk, encodeChunk } from './chunk-audit.ts'
