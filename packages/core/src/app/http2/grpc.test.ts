import { expect, test } from 'vitest'
import { http2ErrorName, http2SettingName } from './errors.ts'
import { grpcMessage, grpcStatus, grpcStatusName, grpcTimeout, isGrpc } from './grpc.ts'

test('content types of gRPC', () => {
  const types = [
    'application/grpc',
    'application/grpc+proto',
    'application/grpc;a=b',
    'application/grpc-web',
    'text/html',
  ]
  expect(types.map(isGrpc)).toEqual([true, true, true, false, false])
  expect(isGrpc(null)).toBe(false)
})

test('a status is a number with a name', () => {
  expect(['0', '14', '', 'x', '-1', null].map(grpcStatus)).toEqual([0, 14, -1, -1, -1, -1])
  expect([0, 4, 14, 16, 17].map(grpcStatusName)).toEqual([
    'OK',
    'DEADLINE_EXCEEDED',
    'UNAVAILABLE',
    'UNAUTHENTICATED',
    'status 17',
  ])
})

test('a message is percent-encoded UTF-8; what is not stays', () => {
  expect(grpcMessage('upstream request timeout')).toBe('upstream request timeout')
  expect(grpcMessage('caf%C3%A9 100%, %zz')).toBe('café 100%, %zz')
  expect(grpcMessage('%ff')).toBe('\ufffd')
})

test('a timeout has a unit', () => {
  expect(['1S', '100m', '2M', '1H', '5u', '7n'].map(grpcTimeout)).toEqual([1e9, 1e8, 120e9, 3600e9, 5000, 7])
  expect(['', 'S', '1s', '123456789S', null].map(grpcTimeout)).toEqual([-1, -1, -1, -1, -1])
})

test('error codes and settings', () => {
  expect([0, 2, 7, 8, 11, 13, 14].map(http2ErrorName)).toEqual([
    'NO_ERROR',
    'INTERNAL_ERROR',
    'REFUSED_STREAM',
    'CANCEL',
    'ENHANCE_YOUR_CALM',
    'HTTP_1_1_REQUIRED',
    '0xe',
  ])
  expect([1, 4, 8, 0x4d44].map(http2SettingName)).toEqual([
    'HEADER_TABLE_SIZE',
    'INITIAL_WINDOW_SIZE',
    'ENABLE_CONNECT_PROTOCOL',
    '0x4d44',
  ])
})
