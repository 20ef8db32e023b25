namespace Hearth.Machine;

/// <summary>The width of one register access; the value is the number of bytes.</summary>
public enum AccessWidth
{
    Byte = 1,
    Word = 2,
    Dword = 4,
    Qword = 8,
}
