namespace Hearth.Cpu.Software;

/// <summary>The host's x87 registers, which hold the guest's x87 and MMX state while <see cref="VcpuState.X87Loaded"/> is 1.</summary>
internal interface IHostFpu
{
    /// <summary>
    /// Stores the registers as an FXSAVE64 image in <see cref="VcpuState.X87"/>, clears <see cref="VcpuState.X87Loaded"/> and
    /// leaves the host's x87 unit without pending exceptions. Called only while X87Loaded is 1.
    /// </summary>
    void Spill();
}
