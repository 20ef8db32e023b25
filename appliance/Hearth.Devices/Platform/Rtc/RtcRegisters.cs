namespace Hearth.Devices.Platform.Rtc;

/// <summary>Registers of the MC146818 and of the CMOS memory behind it, as IBM's AT and later firmware use them.</summary>
internal static class RtcRegisters
{
    public const ushort IndexPort = 0x70;
    public const byte NmiMask = 0x80;
    public const int Count = 128;

    public const int Seconds = 0x00;
    public const int SecondsAlarm = 0x01;
    public const int Minutes = 0x02;
    public const int MinutesAlarm = 0x03;
    public const int Hours = 0x04;
    public const int HoursAlarm = 0x05;
    public const int DayOfWeek = 0x06;
    public const int DayOfMonth = 0x07;
    public const int Month = 0x08;
    public const int Year = 0x09;
    public const int A = 0x0A;
    public const int B = 0x0B;
    public const int C = 0x0C;
    public const int D = 0x0D;
    public const int Century = 0x32;

    public const byte UpdateInProgress = 0x80;
    public const byte RateMask = 0x0F;
    public const byte DividerMask = 0x70;

    /// <summary>The divider for a 32.768 kHz crystal.</summary>
    public const byte DividerNormal = 0x20;

    /// <summary>Dividers 11x hold the clock in reset.</summary>
    public const byte DividerReset = 0x60;

    public const byte Set = 0x80;
    public const byte PeriodicInterrupt = 0x40;
    public const byte AlarmInterrupt = 0x20;
    public const byte UpdateInterrupt = 0x10;
    public const byte SquareWave = 0x08;
    public const byte Binary = 0x04;
    public const byte Hours24 = 0x02;

    /// <summary>In C: any enabled flag is up.</summary>
    public const byte InterruptRequest = 0x80;

    /// <summary>The interrupt flags of C, in the places of the enables in B.</summary>
    public const byte InterruptFlags = PeriodicInterrupt | AlarmInterrupt | UpdateInterrupt;

    /// <summary>In D: the battery is good.</summary>
    public const byte Valid = 0x80;

    /// <summary>An alarm field with both high bits set matches every value.</summary>
    public const byte AlarmAny = 0xC0;

    public const byte Afternoon = 0x80;
}
