import { expect, test } from 'vitest'
import { hostOf } from './url-host.ts'

test.each([
  ['https://Shop.Example:8443/a?b#c', 'shop.example'],
  ['http://anna:secret@shop.example/', 'shop.example'],
  ['ftp://files.example', 'files.example'],
  ['wss://shop.example/live', 'shop.example'],
  ['https://bücher.example', 'xn--bcher-kva.example'],
  ['https://[2001:db8::1]/', '[2001:db8::1]'],
  [`http://anna:${'s'.repeat(300)}@shop.example/${'p'.repeat(300)}`, 'shop.example'],
  [`http://${'a'.repeat(255)}/`, 'a'.repeat(255)],
])('The host of %s is %s', (url, host) => {
  expect(hostOf(url)).toBe(host)
})

test.each([
  'tel:+43-1-234',
  'tel://4312345',
  'mailto:anna@mail.example',
  'mailto://anna@mail.example',
  'sip://anna@mail.example',
  'myapp://anna/profile',
  'android-app://com.example.app/https/shop.example',
  'data:text/plain,anna',
  'javascript://anna',
  'file:///home/anna',
  'file://annas-laptop/share',
  'blob:https://shop.example/1',
  'shop.example/path',
  `http://${'a'.repeat(256)}/`,
  ` https:\\\\anna@${'é'.repeat(256)}`,
  'anna',
  '',
])('%j has no host of a site', (url) => {
  expect(hostOf(url)).toBeNull()
})
