namespace Hearth.Cpu.Software;

/// <summary>Why user code was given back to translated code.</summary>
internal enum DirectExit
{
    /// <summary>The vCPU has something else to do; nothing of the guest's happened.</summary>
    Kicked,
    SystemCall,
    Fault,

    /// <summary>TF is set, and the instruction before was the first under it: #DB is due.</summary>
    SingleStep,

    /// <summary>An instruction that only the guest's kernel or the translator can deal with.</summary>
    Other,

    /// <summary>The host has ended the process.</summary>
    Lost,
}
