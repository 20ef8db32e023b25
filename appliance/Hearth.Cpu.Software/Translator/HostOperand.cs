namespace Hearth.Cpu.Software;

/// <summary>A host memory operand: [base + index * scale + displacement].</summary>
internal readonly record struct HostOperand(HostRegister Base, HostRegister Index, int Scale, int Displacement)
{
    public HostOperand(HostRegister @base, int displacement = 0)
        : this(@base, HostRegister.None, 1, displacement)
    {
    }

    /// <summary>A field of <see cref="VcpuState"/> by its offset in the structure.</summary>
    public static HostOperand Field(int offset) => new(RegisterMap.State, offset - VcpuState.Bias);

    public HostOperand Plus(int bytes) => this with { Displacement = Displacement + bytes };
}
