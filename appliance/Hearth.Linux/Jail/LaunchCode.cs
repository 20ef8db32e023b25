namespace Hearth.Linux.Jail;

/// <summary>
/// The machine code of a <see cref="LaunchScript"/>: makes the system calls of a table one after the other. A result below zero is told
/// as a record of 8 bytes on the report descriptor: the step's address, and above it the error number.
/// </summary>
/// <remarks>
/// A row of the table has 64 bytes: at 0 the number, at 4 the row to go on at after a failure, at 8 six arguments, at 56 where the result
/// is written, at 60 the row to go on at after a result of zero. All addresses of the program fit 32 bits.
/// </remarks>
internal static class LaunchCode
{
    public const int RowLength = 64;
    public const int FailureOffset = 4;
    public const int ArgumentsOffset = 8;
    public const int ResultOffset = 56;
    public const int ZeroOffset = 60;

    /// <summary>Where the table lies, and after it a word with the number of the report descriptor.</summary>
    public const uint TableAddress = 0x1_1000;

    public const int MaximumRows = 512;
    public const uint ReportAddress = TableAddress + (MaximumRows * RowLength);

    public static ReadOnlySpan<byte> Bytes =>
    [
        0xBB, 0x00, 0x10, 0x01, 0x00, //             mov  ebx, TableAddress
        0x8B, 0x03, //                         next: mov  eax, [rbx]
        0x48, 0x8B, 0x7B, 0x08, //                   mov  rdi, [rbx + 8]
        0x48, 0x8B, 0x73, 0x10, //                   mov  rsi, [rbx + 16]
        0x48, 0x8B, 0x53, 0x18, //                   mov  rdx, [rbx + 24]
        0x4C, 0x8B, 0x53, 0x20, //                   mov  r10, [rbx + 32]
        0x4C, 0x8B, 0x43, 0x28, //                   mov  r8, [rbx + 40]
        0x4C, 0x8B, 0x4B, 0x30, //                   mov  r9, [rbx + 48]
        0x0F, 0x05, //                               syscall
        0x8B, 0x4B, 0x38, //                         mov  ecx, [rbx + ResultOffset]
        0x48, 0x89, 0x01, //                         mov  [rcx], rax
        0x48, 0x85, 0xC0, //                         test rax, rax
        0x78, 0x0D, //                               js   fail
        0x74, 0x06, //                               jz   zero
        0x48, 0x83, 0xC3, 0x40, //                   add  rbx, RowLength
        0xEB, 0xD1, //                               jmp  next
        0x8B, 0x5B, 0x3C, //                   zero: mov  ebx, [rbx + ZeroOffset]
        0xEB, 0xCC, //                               jmp  next
        0xF7, 0xD8, //                         fail: neg  eax
        0x48, 0xC1, 0xE0, 0x20, //                   shl  rax, 32
        0x48, 0x09, 0xD8, //                         or   rax, rbx
        0x50, //                                     push rax
        0xB8, 0x01, 0x00, 0x00, 0x00, //             mov  eax, 1 (write)
        0x8B, 0x3C, 0x25, 0x00, 0x90, 0x01, 0x00, // mov  edi, [ReportAddress]
        0x48, 0x89, 0xE6, //                         mov  rsi, rsp
        0xBA, 0x08, 0x00, 0x00, 0x00, //             mov  edx, 8
        0x0F, 0x05, //                               syscall
        0x8B, 0x5B, 0x04, //                         mov  ebx, [rbx + FailureOffset]
        0x58, //                                     pop  rax
        0xEB, 0xA6, //                               jmp  next
    ];
}
