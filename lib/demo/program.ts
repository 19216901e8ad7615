/** The architectures that the demo has a program for, by their names in images. */
export type Architecture = "amd64" | "arm64";

const ELF_HEADER_LENGTH = 64;
const PROGRAM_HEADER_LENGTH = 56;
const CODE_OFFSET = ELF_HEADER_LENGTH + PROGRAM_HEADER_LENGTH;
const LOAD_ADDRESS = 0x400000;
/** The largest page size of the two architectures. */
const ALIGNMENT = 0x10000;

const ET_EXEC = 2;
const PT_LOAD = 1;
const READ_AND_EXECUTE = 5;
const MACHINE: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

const littleEndian = (word: number): number[] =>
  [word, word >>> 8, word >>> 16, word >>> 24].map((byte) => byte & 0xff);

/** write(1, text, length); exit(0), with the text right behind. */
function amd64Code(length: number): readonly number[] {
  const afterLea = [
    ...[0xba, ...littleEndian(length)], // mov edx, length
    ...[0x0f, 0x05], // syscall
    ...[0xb8, ...littleEndian(60)], // mov eax, exit
    ...[0x31, 0xff], // xor edi, edi
    ...[0x0f, 0x05], // syscall
  ];
  return [
    ...[0xb8, ...littleEndian(1)], // mov eax, write
    ...[0xbf, ...littleEndian(1)], // mov edi, 1
    ...[0x48, 0x8d, 0x35, ...littleEndian(afterLea.length)], // lea rsi, [rip + afterLea]
    ...afterLea,
  ];
}

/** The same; a move takes 16 bits, so the text is shorter than 64 KiB. */
function arm64Code(length: number): readonly number[] {
  const move = (register: number, value: number) => 0xd2800000 | (value << 5) | register;
  const supervisorCall = 0xd4000001;
  const afterAddress = [
    move(2, length),
    move(8, 64), // write
    supervisorCall,
    move(0, 0),
    move(8, 93), // exit
    supervisorCall,
  ];
  // adr counts from itself, in bytes; its upper 19 bits count words.
  const address = 0x10000001 | ((afterAddress.length + 1) << 5);
  return [move(0, 1), address, ...afterAddress].flatMap(littleEndian);
}

const CODE: Readonly<Record<Architecture, (length: number) => readonly number[]>> = {
  amd64: amd64Code,
  arm64: arm64Code,
};

/**
 * Assembles a static Linux executable that prints a text and ends well: one segment, no libc, two system calls.
 *
 * @see System V ABI, "Object Files"; `Elf64_Ehdr` and `Elf64_Phdr` in elf(5)
 */
export function printingProgram(architecture: Architecture, text: string): Uint8Array {
  const message = new TextEncoder().encode(text);
  const code = CODE[architecture](message.length);
  const program = new Uint8Array(CODE_OFFSET + code.length + message.length);
  const view = new DataView(program.buffer);
  const address = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  // 64 bits, little-endian, version 1, System V.
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, MACHINE[architecture], true);
  view.setUint32(20, 1, true);
  address(24, LOAD_ADDRESS + CODE_OFFSET);
  address(32, ELF_HEADER_LENGTH);
  view.setUint16(52, ELF_HEADER_LENGTH, true);
  view.setUint16(54, PROGRAM_HEADER_LENGTH, true);
  view.setUint16(56, 1, true);

  // One segment: the whole file, headers included.
  const segment = ELF_HEADER_LENGTH;
  view.setUint32(segment, PT_LOAD, true);
  view.setUint32(segment + 4, READ_AND_EXECUTE, true);
  address(segment + 16, LOAD_ADDRESS);
  address(segment + 24, LOAD_ADDRESS);
  address(segment + 32, program.length);
  address(segment + 40, program.length);
  address(segment + 48, ALIGNMENT);

  program.set(code, CODE_OFFSET);
  program.set(message, CODE_OFFSET + code.length);
  return program;
}
