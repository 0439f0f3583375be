/** A process of its own, since Node warns of a timer in the past only once in each: `<weir | kafkajs> <brokers>`. */
const [client, brokers = ''] = process.argv.slice(2)
const heard: string[] = []
process.on('warning', ({ name }) => heard.push(name))
if (client === 'weir') {
  const { connectKafka } = await import('@weir/kafka')
  const kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'timer-probe' })
  await kafka.admin.brokerConfigs()
  await kafka.close()
} else {
  // Without @weir/kafka, whose mend holds for all of kafkajs in a process.
  const { default: kafkajs } = await import('kafkajs')
  const admin = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.describeCluster()
  await admin.disconnect()
}
// Warnings are told in a later turn.
await new Promise((resolve) => setImmediate(resolve))
process.stdout.write(JSON.stringify(heard))

export {}
