namespace Hearth.Protocol;

/// <summary>One event of an input device, as linux/input.h has it.</summary>
public readonly record struct InputChange(ushort Type, ushort Code, int Value);
