// Linux cooked captures, what `tcpdump -i any` writes: LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2.
import { u16, u32, type Bytes } from '../bytes/read.ts'

const SLL_PACKET_TYPE = 0
const SLL_DEVICE = 2
const SLL_ADDRESS_LENGTH = 4
const SLL_ADDRESS = 6
const SLL_PROTOCOL = 14
export const SLL_HEADER = 16

const SLL2_PROTOCOL = 0
const SLL2_INTERFACE = 4
const SLL2_DEVICE = 8
const SLL2_PACKET_TYPE = 10
const SLL2_ADDRESS_LENGTH = 11
const SLL2_ADDRESS = 12
export const SLL2_HEADER = 20

export const sllPacketType = (b: Bytes, at: number): number => u16(b, at + SLL_PACKET_TYPE)
export const sllDevice = (b: Bytes, at: number): number => u16(b, at + SLL_DEVICE)
export const sllAddressLength = (b: Bytes, at: number): number => u16(b, at + SLL_ADDRESS_LENGTH)
export const sllAddressAt = (at: number): number => at + SLL_ADDRESS
export const sllProtocol = (b: Bytes, at: number): number => u16(b, at + SLL_PROTOCOL)

export const sll2Protocol = (b: Bytes, at: number): number => u16(b, at + SLL2_PROTOCOL)
export const sll2Interface = (b: Bytes, at: number): number => u32(b, at + SLL2_INTERFACE)
export const sll2Device = (b: Bytes, at: number): number => u16(b, at + SLL2_DEVICE)
export const sll2PacketType = (b: Bytes, at: number): number => b[at + SLL2_PACKET_TYPE]
export const sll2AddressLength = (b: Bytes, at: number): number => b[at + SLL2_ADDRESS_LENGTH]
export const sll2AddressAt = (at: number): number => at + SLL2_ADDRESS

/** ARPHRD_NETLINK: the protocol field is a netlink family and no EtherType. */
export const DEVICE_NETLINK = 824
/** Protocol field: 802.2 LLC follows. */
export const PROTOCOL_LLC = 0x0004
