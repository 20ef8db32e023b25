namespace Hearth.Protocol;

/// <summary>What is in the way of running guests on KVM, for programs; people read the <see cref="KvmRefusal.Reason"/>.</summary>
public enum KvmObstacle
{
    /// <summary>There is no device.</summary>
    Missing,

    /// <summary>This user may not open the device.</summary>
    NotAllowed,

    /// <summary>The device does not open for another reason.</summary>
    DoesNotOpen,

    /// <summary>The device is not KVM, or one of an old kernel.</summary>
    Unsuitable,

    /// <summary>Guests run on it, far slower than on a processor.</summary>
    TooSlow,

    /// <summary>It cannot give a guest the CPU model.</summary>
    LacksFeatures,

    /// <summary>It opens, and then runs no guest.</summary>
    Fails,
}
