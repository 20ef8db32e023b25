namespace Hearth.Protocol;

/// <summary>Why a guest ended, or what happened to it.</summary>
public enum GuestCause
{
    None,

    /// <summary>The guest switched itself off.</summary>
    PowerOff,

    /// <summary>The guest reset itself and boots again.</summary>
    Reset,

    /// <summary>The guest's kernel panicked.</summary>
    Panic,

    /// <summary>The guest's watchdog ran out.</summary>
    Watchdog,

    /// <summary>A vCPU shut down by a triple fault.</summary>
    TripleFault,

    /// <summary>The guest needs what the CPU engine does not do.</summary>
    Unsupported,

    /// <summary>Hearth or its host failed.</summary>
    HostFault,

    /// <summary>The supervisor, or a signal, asked for it.</summary>
    Asked,

    /// <summary>The process could not run the guest as it was configured.</summary>
    Configuration,
}
