namespace Hearth.Devices.Platform.Rtc;

/// <summary>Translates between a date and the clock's registers, in the formats that register B selects.</summary>
internal static class RtcTime
{
    public static bool IsTimeRegister(int register) => register is RtcRegisters.Seconds or RtcRegisters.Minutes or RtcRegisters.Hours
        or (>= RtcRegisters.DayOfWeek and <= RtcRegisters.Year) or RtcRegisters.Century;

    public static void Write(Span<byte> cmos, DateTime time)
    {
        byte format = cmos[RtcRegisters.B];
        cmos[RtcRegisters.Seconds] = Encode(format, time.Second);
        cmos[RtcRegisters.Minutes] = Encode(format, time.Minute);
        cmos[RtcRegisters.Hours] = EncodeHour(format, time.Hour);
        cmos[RtcRegisters.DayOfWeek] = Encode(format, (int)time.DayOfWeek + 1);
        cmos[RtcRegisters.DayOfMonth] = Encode(format, time.Day);
        cmos[RtcRegisters.Month] = Encode(format, time.Month);
        cmos[RtcRegisters.Year] = Encode(format, time.Year % 100);
        cmos[RtcRegisters.Century] = Encode(format, time.Year / 100);
    }

    /// <summary>The date in the registers; a field that makes no sense is moved to the nearest that does.</summary>
    public static DateTime Read(ReadOnlySpan<byte> cmos)
    {
        byte format = cmos[RtcRegisters.B];
        int year = Math.Clamp((Decode(format, cmos[RtcRegisters.Century]) * 100) + Decode(format, cmos[RtcRegisters.Year]), 1, 9998);
        int month = Math.Clamp(Decode(format, cmos[RtcRegisters.Month]), 1, 12);
        int day = Math.Clamp(Decode(format, cmos[RtcRegisters.DayOfMonth]), 1, DateTime.DaysInMonth(year, month));
        int hour = Math.Min(DecodeHour(format, cmos[RtcRegisters.Hours]), 23);
        int minute = Math.Min(Decode(format, cmos[RtcRegisters.Minutes]), 59);
        int second = Math.Min(Decode(format, cmos[RtcRegisters.Seconds]), 59);
        return new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc);
    }

    /// <summary>True when the alarm registers match a time of day.</summary>
    public static bool IsAlarm(ReadOnlySpan<byte> cmos, DateTime time)
    {
        byte format = cmos[RtcRegisters.B];
        return Matches(cmos[RtcRegisters.SecondsAlarm], Encode(format, time.Second))
            && Matches(cmos[RtcRegisters.MinutesAlarm], Encode(format, time.Minute))
            && Matches(cmos[RtcRegisters.HoursAlarm], EncodeHour(format, time.Hour));
    }

    private static bool Matches(byte alarm, byte value) => (alarm & RtcRegisters.AlarmAny) == RtcRegisters.AlarmAny || alarm == value;

    private static byte Encode(byte format, int value) =>
        (byte)((format & RtcRegisters.Binary) != 0 ? value : (value / 10 << 4) | (value % 10));

    private static int Decode(byte format, byte value) =>
        (format & RtcRegisters.Binary) != 0 ? value : ((value >> 4) * 10) + (value & 15);

    private static byte EncodeHour(byte format, int hour)
    {
        if ((format & RtcRegisters.Hours24) != 0)
            return Encode(format, hour);
        byte encoded = Encode(format, hour % 12 == 0 ? 12 : hour % 12);
        return hour < 12 ? encoded : (byte)(encoded | RtcRegisters.Afternoon);
    }

    private static int DecodeHour(byte format, byte value)
    {
        if ((format & RtcRegisters.Hours24) != 0)
            return Decode(format, value);
        int hour = Decode(format, (byte)(value & ~RtcRegisters.Afternoon)) % 12;
        return (value & RtcRegisters.Afternoon) != 0 ? hour + 12 : hour;
    }
}
