/**
 * Every error code of Apache Kafka 4.1 (org.apache.kafka.common.protocol.Errors), and what this client does about it.
 * Each (request, code) falls in exactly one class; what decides in the code asks `error-codes.ts`, which reads this.
 * docs/reference/kafka-errors.md is generated from it (`npm run generate -w @weir/kafka`).
 */

/** What is done about an error. */
export type ErrorClass =
  /** No error. */
  | 'none'
  /** The same request is sent again to the same broker after a pause, within its limit. */
  | 'retry'
  /** Who leads the partition, or who coordinates, is asked anew before the request is sent again. */
  | 'refresh'
  /** The transaction is ended by an abort, and the same producer goes on (outcome `aborted`). */
  | 'abort'
  /** What became of the write is not known: initialise, read what is committed, go on from there (`unknown`). */
  | 'recover'
  /** Somebody else has our place: the slot of the producer, or our partitions in the group (`fenced`). */
  | 'fenced'
  /** What was asked for can't be had so: the caller, a setting or a right must change. A transaction is aborted first. */
  | 'caller'
  /** Neither time nor the caller mends it: it is told and nothing goes on by itself. A transaction is aborted first. */
  | 'fatal'

/** Requests of the client, as far as one code means different things. `Append` is a Produce outside a transaction. */
export type RequestName =
  | 'Fetch'
  | 'ListOffsets'
  | 'OffsetFetch'
  | 'OffsetCommit'
  | 'Metadata'
  | 'FindCoordinator'
  | 'InitProducerId'
  | 'TxnOffsetCommit'
  | 'Produce'
  | 'Append'
  | 'EndTxn'
  | 'Heartbeat'
  | 'DeleteRecords'

/** Where an error points: what is asked anew, or who fences. */
export type Points = 'leader' | 'coordinator' | 'group' | 'producer'

export interface ErrorRow {
  readonly code: number
  readonly name: string
  readonly class: ErrorClass
  readonly why: string
  readonly points?: Points
  /** No request of this client is answered with it. */
  readonly unused?: true
  /** Where a request takes it otherwise. */
  readonly except?: Readonly<Partial<Record<RequestName, readonly [ErrorClass, why: string]>>>
}

type More = Pick<ErrorRow, 'points' | 'except'>

const row = (code: number, name: string, of: ErrorClass, why: string, more: More = {}): ErrorRow => ({
  code,
  name,
  class: of,
  why,
  ...more,
})

/** Of a part of Kafka that this client does not use: it would be a surprise. */
const unused = (code: number, name: string, why: string): ErrorRow => ({
  code,
  name,
  class: 'fatal',
  why,
  unused: true,
})

const leader = { points: 'leader' } as const
const coordinator = { points: 'coordinator' } as const
const group = { points: 'group' } as const

const notKnownHere = ['retry', 'the coordinator has not heard of the topic yet'] as const
const unknownWrite = ['recover', 'it may have been carried out before it failed'] as const
const newIdNeeded = ['recover', 'the sequence can’t be trusted: a new epoch or producer id is taken'] as const

const brokersOwn = 'for the protocol between brokers and controllers'
const oldGroups = 'of the classic group protocol, which this client does not use'
const tokens = 'about delegation tokens, which this client does not use'
const shares = 'about share groups, which this client does not use'
const streams = 'about Streams groups, which this client does not use'
const sessions = 'about fetch sessions, which this client does not use: the next fetch is whole'
const voters = 'about the voters of KRaft'
const telemetry = 'about telemetry, which this client does not send'
const mayNot = 'the principal lacks the right'

export const errorTable: readonly ErrorRow[] = [
  row(-1, 'UNKNOWN_SERVER_ERROR', 'fatal', 'the broker failed and does not say how', {
    except: {
      TxnOffsetCommit: unknownWrite,
      OffsetCommit: unknownWrite,
      Produce: unknownWrite,
      Append: unknownWrite,
      EndTxn: unknownWrite,
    },
  }),
  row(0, 'NONE', 'none', 'no error'),
  row(1, 'OFFSET_OUT_OF_RANGE', 'caller', 'the partition does not have the position; it is never reset here'),
  row(2, 'CORRUPT_MESSAGE', 'retry', 'damaged on the way or on one replica; the checksum refused it'),
  row(3, 'UNKNOWN_TOPIC_OR_PARTITION', 'refresh', 'the broker does not have the partition, perhaps not yet', {
    ...leader,
    except: {
      TxnOffsetCommit: notKnownHere,
      OffsetCommit: notKnownHere,
      OffsetFetch: notKnownHere,
      Heartbeat: notKnownHere,
    },
  }),
  row(4, 'INVALID_FETCH_SIZE', 'caller', 'the bounds of the fetch make no sense'),
  row(5, 'LEADER_NOT_AVAILABLE', 'refresh', 'an election is under way', leader),
  row(6, 'NOT_LEADER_OR_FOLLOWER', 'refresh', 'the partition has moved', leader),
  row(7, 'REQUEST_TIMED_OUT', 'retry', 'the replicas did not answer in time; a batch keeps its sequence number'),
  row(8, 'BROKER_NOT_AVAILABLE', 'retry', 'the broker is coming or going'),
  row(9, 'REPLICA_NOT_AVAILABLE', 'refresh', 'the broker has no replica of the partition', leader),
  row(10, 'MESSAGE_TOO_LARGE', 'caller', 'over max.message.bytes; the client splits first what it can'),
  unused(11, 'STALE_CONTROLLER_EPOCH', brokersOwn),
  unused(12, 'OFFSET_METADATA_TOO_LARGE', 'this client sends no metadata with offsets'),
  row(13, 'NETWORK_EXCEPTION', 'refresh', 'the broker lost the connection to another', leader),
  row(14, 'COORDINATOR_LOAD_IN_PROGRESS', 'retry', 'the right coordinator, still reading its log'),
  row(15, 'COORDINATOR_NOT_AVAILABLE', 'refresh', 'there is none yet: the internal topic is being made', coordinator),
  row(16, 'NOT_COORDINATOR', 'refresh', 'the coordinator has moved', coordinator),
  row(17, 'INVALID_TOPIC_EXCEPTION', 'caller', 'no name that a topic can have, or an internal topic'),
  row(18, 'RECORD_LIST_TOO_LARGE', 'caller', 'over segment.bytes; the client splits first what it can'),
  row(19, 'NOT_ENOUGH_REPLICAS', 'retry', 'too few replicas are in sync; nothing was written'),
  row(20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'retry', 'written by too few; a batch keeps its sequence number'),
  unused(21, 'INVALID_REQUIRED_ACKS', 'this client always asks for all'),
  row(22, 'ILLEGAL_GENERATION', 'fenced', 'the group has moved on from our generation', group),
  row(23, 'INCONSISTENT_GROUP_PROTOCOL', 'caller', 'the group is one of the classic protocol: take another group id'),
  row(24, 'INVALID_GROUP_ID', 'caller', 'no name that a group can have'),
  row(25, 'UNKNOWN_MEMBER_ID', 'fenced', 'the group does not have us (any more)', group),
  row(26, 'INVALID_SESSION_TIMEOUT', 'caller', oldGroups),
  row(27, 'REBALANCE_IN_PROGRESS', 'retry', oldGroups),
  row(28, 'INVALID_COMMIT_OFFSET_SIZE', 'caller', 'more offsets than the broker takes at once'),
  row(29, 'TOPIC_AUTHORIZATION_FAILED', 'caller', `${mayNot} on the topic`),
  row(30, 'GROUP_AUTHORIZATION_FAILED', 'caller', `${mayNot} on the group`),
  row(31, 'CLUSTER_AUTHORIZATION_FAILED', 'caller', `${mayNot} on the cluster`),
  row(32, 'INVALID_TIMESTAMP', 'caller', 'further from now than the topic allows (message.timestamp.*.max.ms)'),
  row(33, 'UNSUPPORTED_SASL_MECHANISM', 'caller', 'the broker has another mechanism: change the setting'),
  row(34, 'ILLEGAL_SASL_STATE', 'fatal', 'logging in went out of step'),
  row(35, 'UNSUPPORTED_VERSION', 'fatal', 'the broker can’t do what was checked at the start'),
  row(36, 'TOPIC_ALREADY_EXISTS', 'caller', 'somebody else has made the topic'),
  row(37, 'INVALID_PARTITIONS', 'caller', 'no number of partitions that a topic can have'),
  row(38, 'INVALID_REPLICATION_FACTOR', 'caller', 'more replicas than brokers'),
  row(39, 'INVALID_REPLICA_ASSIGNMENT', 'caller', 'this client leaves placing replicas to the cluster'),
  row(40, 'INVALID_CONFIG', 'caller', 'no setting of a topic, or no value for it'),
  row(41, 'NOT_CONTROLLER', 'retry', 'the controller is moving'),
  row(42, 'INVALID_REQUEST', 'fatal', 'the broker takes our request for malformed'),
  row(43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'fatal', 'the topic has a message format of before Kafka 0.11'),
  row(44, 'POLICY_VIOLATION', 'caller', 'a policy of the cluster forbids it'),
  row(45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'abort', 'a batch before this one is missing', {
    except: { Append: newIdNeeded },
  }),
  row(46, 'DUPLICATE_SEQUENCE_NUMBER', 'none', 'written before: a repeat that the broker knows'),
  row(47, 'INVALID_PRODUCER_EPOCH', 'fenced', 'a newer producer has the id; past its time: the broker has aborted', {
    points: 'producer',
    except: { Append: newIdNeeded },
  }),
  row(48, 'INVALID_TXN_STATE', 'abort', 'the broker does not have the transaction open', {
    except: {
      EndTxn: [
        'abort',
        'it has ended already, or has nothing in it: an abort tells, and if that is refused nothing does',
      ],
      Append: ['fatal', 'this producer has no transactions'],
    },
  }),
  row(49, 'INVALID_PRODUCER_ID_MAPPING', 'recover', 'the coordinator has forgotten the transactional id'),
  row(50, 'INVALID_TRANSACTION_TIMEOUT', 'caller', 'over the broker’s transaction.max.timeout.ms'),
  row(
    51,
    'CONCURRENT_TRANSACTIONS',
    'retry',
    'the end of the last transaction is still being written; nothing was begun',
  ),
  unused(52, 'TRANSACTION_COORDINATOR_FENCED', brokersOwn),
  row(53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'caller', `${mayNot} on the transactional id`),
  row(54, 'SECURITY_DISABLED', 'caller', 'the cluster has no authorizer'),
  row(55, 'OPERATION_NOT_ATTEMPTED', 'abort', 'another part of the same request failed'),
  row(56, 'KAFKA_STORAGE_ERROR', 'refresh', 'the leader’s disk failed; another one takes over', leader),
  unused(57, 'LOG_DIR_NOT_FOUND', brokersOwn),
  row(58, 'SASL_AUTHENTICATION_FAILED', 'caller', 'user or password is not the broker’s'),
  row(59, 'UNKNOWN_PRODUCER_ID', 'abort', 'the partition has forgotten the producer', {
    except: { Append: newIdNeeded },
  }),
  row(60, 'REASSIGNMENT_IN_PROGRESS', 'caller', 'the partition is being moved by an operator'),
  unused(61, 'DELEGATION_TOKEN_AUTH_DISABLED', tokens),
  unused(62, 'DELEGATION_TOKEN_NOT_FOUND', tokens),
  unused(63, 'DELEGATION_TOKEN_OWNER_MISMATCH', tokens),
  unused(64, 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', tokens),
  unused(65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', tokens),
  unused(66, 'DELEGATION_TOKEN_EXPIRED', tokens),
  unused(67, 'INVALID_PRINCIPAL_TYPE', tokens),
  row(68, 'NON_EMPTY_GROUP', 'caller', 'the group still has members'),
  row(69, 'GROUP_ID_NOT_FOUND', 'caller', 'there is no such group', {
    ...group,
    except: { OffsetCommit: ['fenced', 'the group has gone, and we with it'] },
  }),
  row(70, 'FETCH_SESSION_ID_NOT_FOUND', 'retry', sessions),
  row(71, 'INVALID_FETCH_SESSION_EPOCH', 'retry', sessions),
  row(72, 'LISTENER_NOT_FOUND', 'refresh', 'the leader is not reachable on this listener yet', leader),
  row(73, 'TOPIC_DELETION_DISABLED', 'caller', 'the cluster does not let topics be deleted'),
  row(74, 'FENCED_LEADER_EPOCH', 'refresh', 'we know an older leader', leader),
  row(75, 'UNKNOWN_LEADER_EPOCH', 'refresh', 'we know a newer leader than the broker does', leader),
  row(76, 'UNSUPPORTED_COMPRESSION_TYPE', 'caller', 'the topic or the broker does not take this compression'),
  unused(77, 'STALE_BROKER_EPOCH', brokersOwn),
  row(78, 'OFFSET_NOT_AVAILABLE', 'retry', 'a new leader does not know yet how far the log is safe'),
  unused(79, 'MEMBER_ID_REQUIRED', oldGroups),
  row(80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'refresh', 'an election is under way', leader),
  row(81, 'GROUP_MAX_SIZE_REACHED', 'caller', 'the group takes no more members (group.consumer.max.size)'),
  row(82, 'FENCED_INSTANCE_ID', 'fenced', 'another process has our instance id', group),
  row(83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'refresh', 'no replica may lead now', leader),
  unused(84, 'ELECTION_NOT_NEEDED', 'for the election of leaders, which this client does not ask for'),
  unused(85, 'NO_REASSIGNMENT_IN_PROGRESS', 'for moving partitions, which this client does not do'),
  row(86, 'GROUP_SUBSCRIBED_TO_TOPIC', 'caller', 'the group still reads the topic'),
  row(
    87,
    'INVALID_RECORD',
    'caller',
    'the topic does not take such records, as one without a key when it is compacted',
  ),
  row(88, 'UNSTABLE_OFFSET_COMMIT', 'retry', 'a transaction on these offsets is still open'),
  row(89, 'THROTTLING_QUOTA_EXCEEDED', 'retry', 'over a quota of the cluster'),
  row(90, 'PRODUCER_FENCED', 'fenced', 'a newer producer has the transactional id', {
    points: 'producer',
    except: { Append: newIdNeeded },
  }),
  row(91, 'RESOURCE_NOT_FOUND', 'caller', 'there is no such thing'),
  row(92, 'DUPLICATE_RESOURCE', 'caller', 'the same thing was named twice'),
  row(93, 'UNACCEPTABLE_CREDENTIAL', 'caller', 'the cluster does not take such a credential'),
  unused(94, 'INCONSISTENT_VOTER_SET', voters),
  unused(95, 'INVALID_UPDATE_VERSION', brokersOwn),
  unused(96, 'FEATURE_UPDATE_FAILED', brokersOwn),
  unused(97, 'PRINCIPAL_DESERIALIZATION_FAILURE', brokersOwn),
  unused(98, 'SNAPSHOT_NOT_FOUND', voters),
  unused(99, 'POSITION_OUT_OF_RANGE', voters),
  row(100, 'UNKNOWN_TOPIC_ID', 'refresh', 'the topic was deleted, or made anew', leader),
  unused(101, 'DUPLICATE_BROKER_REGISTRATION', brokersOwn),
  unused(102, 'BROKER_ID_NOT_REGISTERED', brokersOwn),
  row(103, 'INCONSISTENT_TOPIC_ID', 'refresh', 'the topic was made anew', leader),
  unused(104, 'INCONSISTENT_CLUSTER_ID', brokersOwn),
  row(105, 'TRANSACTIONAL_ID_NOT_FOUND', 'caller', 'there is no such transactional id'),
  row(106, 'FETCH_SESSION_TOPIC_ID_ERROR', 'retry', sessions),
  unused(107, 'INELIGIBLE_REPLICA', brokersOwn),
  unused(108, 'NEW_LEADER_ELECTED', brokersOwn),
  unused(109, 'OFFSET_MOVED_TO_TIERED_STORAGE', 'for brokers that follow; readers are served from there'),
  row(110, 'FENCED_MEMBER_EPOCH', 'fenced', 'the group has given our partitions away', group),
  row(111, 'UNRELEASED_INSTANCE_ID', 'caller', 'another member has the instance id; this client uses none'),
  row(112, 'UNSUPPORTED_ASSIGNOR', 'caller', 'the group has another assignor'),
  row(113, 'STALE_MEMBER_EPOCH', 'retry', 'our epoch is being raised: the next heartbeat brings it', {
    ...group,
    except: { TxnOffsetCommit: ['fenced', 'the group has moved on from our generation'] },
  }),
  row(114, 'MISMATCHED_ENDPOINT_TYPE', 'fatal', 'the address is a controller’s: give one of a broker'),
  unused(115, 'UNSUPPORTED_ENDPOINT_TYPE', brokersOwn),
  unused(116, 'UNKNOWN_CONTROLLER_ID', brokersOwn),
  unused(117, 'UNKNOWN_SUBSCRIPTION_ID', telemetry),
  unused(118, 'TELEMETRY_TOO_LARGE', telemetry),
  unused(119, 'INVALID_REGISTRATION', brokersOwn),
  row(120, 'TRANSACTION_ABORTABLE', 'abort', 'the broker says that an abort mends it (KIP-890)'),
  unused(121, 'INVALID_RECORD_STATE', shares),
  unused(122, 'SHARE_SESSION_NOT_FOUND', shares),
  unused(123, 'INVALID_SHARE_SESSION_EPOCH', shares),
  unused(124, 'FENCED_STATE_EPOCH', shares),
  unused(125, 'INVALID_VOTER_KEY', voters),
  unused(126, 'DUPLICATE_VOTER', voters),
  unused(127, 'VOTER_NOT_FOUND', voters),
  row(128, 'INVALID_REGULAR_EXPRESSION', 'caller', 'this client subscribes to topics by name'),
  row(129, 'REBOOTSTRAP_REQUIRED', 'refresh', 'what we know of the cluster is too old', leader),
  unused(130, 'STREAMS_INVALID_TOPOLOGY', streams),
  unused(131, 'STREAMS_INVALID_TOPOLOGY_EPOCH', streams),
  unused(132, 'STREAMS_TOPOLOGY_FENCED', streams),
  unused(133, 'SHARE_SESSION_LIMIT_REACHED', shares),
]
